"""Sources from a web server through the whole pipeline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import media
from tests.e2e.test_command_line import run
from tests.pipeline import Pipeline, request
from tests.web import Page, WebServer

pytestmark = [pytest.mark.stream, pytest.mark.timeout(300)]


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer({"/sample.mp4": Page(media.SAMPLE.read_bytes(), etag='"one"')}) as server:
        yield server


def test_private_hosts_are_refused_by_the_command_line_and_by_the_agents(pipeline: Pipeline, web):
    url = web.url("/sample.mp4")
    done = run(pipeline.settings, "process", url, "--json")
    (result,) = json.loads(done.stdout)["results"]
    assert (done.returncode, result["status"]) == (1, "failed")
    assert "is at 127.0.0.1, which is not a public address" in result["error"]
    by_producer = pipeline.process(request(url, "private-host"))[0]
    assert by_producer.status == "failed"
    assert "127.0.0.1, which is not a public address" in (by_producer.error or "")
    assert web.asked == []


def test_a_url_is_processed_like_the_file_and_fetched_once(pipeline: Pipeline, tmp_path: Path, sample: Path, web):
    """A cluster of its own, whose agents may fetch from this machine."""
    url = web.url("/sample.mp4") + "?key=s3cret"
    own = {"CLIPSTREAM_DATA_DIR": str(tmp_path), "CLIPSTREAM_ALLOW_PRIVATE_HOSTS": "true"}
    done = run(None, "process", url, "--json", **own)
    assert done.returncode == 0, done.stderr
    (fetched,) = json.loads(done.stdout)["results"]
    (local,) = json.loads(run(pipeline.settings, "process", str(sample), "--json").stdout)["results"]
    assert fetched["status"] == "final"
    assert [one["text"] for one in fetched["segments"]] == [one["text"] for one in local["segments"]] != []
    for key in ("video_id", "title", "transcript", "shots", "duration_ms", "request_digest"):
        assert fetched[key] == local[key], key
    assert web.paths() == ["/sample.mp4?key=s3cret"]
    for log in (tmp_path / "logs").glob("*"):
        assert "s3cret" not in log.read_text(errors="replace"), log
