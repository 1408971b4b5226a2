"""Sources from a web server through the whole pipeline. The shared agents may fetch from 127.0.0.1, and only there."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests import media
from tests.e2e.test_command_line import run
from tests.pipeline import Pipeline, request
from tests.web import Page, WebServer

pytestmark = [pytest.mark.stream, pytest.mark.timeout(240)]


@pytest.fixture
def web() -> Iterator[WebServer]:
    pages = {
        "/sample.mp4": Page(media.SAMPLE.read_bytes(), etag='"one"'),
        "/page.mp4": Page(b"<!doctype html><html>Please log in</html>"),
    }
    with WebServer(pages) as server:
        yield server


def test_a_url_is_processed_like_the_file_and_fetched_once(pipeline: Pipeline, sample, web):
    url = web.url("/sample.mp4") + "?key=s3cret"
    another = ("--option", "max_segments=7", "--json")  # another request than those of other tests
    done = run(pipeline.settings, "process", url, *another)
    assert done.returncode == 0, done.stderr
    (fetched,) = json.loads(done.stdout)["results"]
    assert web.paths() == ["/sample.mp4?key=s3cret"]
    (local,) = json.loads(run(pipeline.settings, "process", str(sample), *another).stdout)["results"]
    assert fetched["status"] == "final"
    assert fetched["segments"]
    for key in ("video_id", "title", "segments", "transcript", "shots", "duration_ms", "request_digest"):
        assert fetched[key] == local[key], key
    for log in (pipeline.settings.data_dir / "logs").glob("*"):
        assert "s3cret" not in log.read_text(errors="replace"), log


def test_agents_fetch_once_what_a_producer_names(pipeline: Pipeline, sample, web):
    """Three agents need the file at the same time; the command line has not seen it."""
    by_url, by_path = (
        pipeline.process(request(source, video_id))[0]
        for source, video_id in ((web.url("/sample.mp4"), "web-by-url"), (sample, "web-by-path"))
    )
    assert web.paths() == ["/sample.mp4"]
    assert by_url.status == "final"
    assert pipeline.canonical(by_url).replace(b"web-by-url", b"web-by-path") == pipeline.canonical(by_path)


def test_what_may_not_be_fetched_is_refused_by_the_command_line_and_by_the_agents(pipeline: Pipeline, web):
    url = web.url("/sample.mp4")
    done = run(pipeline.settings, "process", url, "--json", CLIPSTREAM_ALLOW_PRIVATE_HOSTS="false")
    (result,) = json.loads(done.stdout)["results"]
    assert (done.returncode, result["status"]) == (1, "failed")
    assert "is at 127.0.0.1, which is not a public address" in result["error"]
    other, page = pipeline.process(
        request(web.url("/sample.mp4", "localhost"), "web-other-host"), request(web.url("/page.mp4"), "web-page")
    )
    assert (other.status, page.status) == ("failed", "failed")
    assert "from the host 'localhost' are not accepted" in (other.error or "")
    assert "is a web page, not a media file" in (page.error or "")
    assert "/sample.mp4" not in web.paths()
