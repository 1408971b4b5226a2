"""The command line as people and scripts use it: exit codes, clean JSON, clear errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streams.reading import to_environment
from streams.settings import Settings
from tests import media
from tests.conftest import SAMPLE
from tests.pipeline import until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(600)]


def run(
    settings: Settings | None, *arguments: str, limit_s: float = 200, **environment: str
) -> subprocess.CompletedProcess:
    known = {name: value for name, value in os.environ.items() if not name.startswith("CLIPSTREAM_")}
    own = to_environment(settings) if settings is not None else {}
    return subprocess.run(
        [sys.executable, "-m", "streams.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=limit_s,
        env={**known, **own, **environment},
    )


def test_process_prints_one_json_document_and_nothing_else(pipeline, sample, tmp_path):
    broken = media.MAKERS["zero_bytes"](tmp_path)
    done = run(pipeline.settings, "process", str(sample), str(broken), str(tmp_path / "missing.mp4"), "--json")
    found = json.loads(done.stdout)["results"]
    assert [result["status"] for result in found] == ["final", "failed", "failed"]
    assert done.returncode == 1
    assert "empty" in found[1]["error"]
    assert "does not exist" in found[2]["error"]
    assert "Traceback" not in done.stderr
    first = found[0]["segments"][0]
    assert first["reasons"]
    assert Path(first["keyframe_uri"].removeprefix("file://")).exists()


def test_the_same_again_is_answered_from_the_results(pipeline, sample):
    first = json.loads(run(pipeline.settings, "process", str(sample), "--json").stdout)["results"][0]
    again = json.loads(run(pipeline.settings, "process", str(sample), "--json").stdout)["results"][0]
    assert again == first


def test_degraded_is_exit_code_3_and_says_what_is_missing(pipeline, tmp_path):
    cut_short = media.MAKERS["truncated_faststart"](tmp_path)
    done = run(pipeline.settings, "process", str(cut_short))
    assert done.returncode == 3, done.stderr
    assert "degraded" in done.stdout
    assert "missing" in done.stdout


def test_ingest_results_transcript_report_and_topics(pipeline, sample, tmp_path):
    video_id = run(pipeline.settings, "ingest", str(sample), "--video-id", "by-hand").stdout.strip()
    assert video_id == "by-hand"
    waited = run(pipeline.settings, "results", video_id, "--wait", "120", "--json")
    assert waited.returncode == 0, waited.stderr
    assert json.loads(waited.stdout)["results"][0]["status"] == "final"
    srt = run(pipeline.settings, "transcript", video_id, "--format", "srt").stdout
    assert srt.startswith("1\n00:00:0")
    why = json.loads(run(pipeline.settings, "explain", video_id, "1", "--json").stdout)
    assert why["sum_is_score"]
    assert set(why["platforms"]) == {"tiktok", "shorts", "reels", "x", "linkedin"}
    assert "the score" in run(pipeline.settings, "explain", video_id, why["segment_id"]).stdout
    gone = run(pipeline.settings, "explain", video_id, "99")
    assert gone.returncode == 1
    assert why["segment_id"] in gone.stderr
    report = tmp_path / "report.html"
    run(pipeline.settings, "report", video_id, "-o", str(report))
    assert "<svg" in report.read_text()
    tail = json.loads(run(pipeline.settings, "topics", "tail", "segments", "--json").stdout)
    assert video_id in {record["video_id"] for record in tail["records"]}

    def each_has_its_worker() -> bool:  # one that others pushed out of its group for a moment comes back
        status = json.loads(run(pipeline.settings, "status", "--json").stdout)
        return all(agent["members"] == 1 for agent in status["agents"])

    until(each_has_its_worker, "each agent has its worker", 120)


def test_canonical_results_are_equal_for_equal_work(pipeline, sample):
    run(pipeline.settings, "ingest", str(sample), "--video-id", "canon")
    first = run(pipeline.settings, "results", "canon", "--wait", "120", "--canonical").stdout
    again = run(pipeline.settings, "results", "canon", "--canonical").stdout
    assert first == again
    assert str(pipeline.settings.data_dir) not in first


def test_without_a_broker_the_answer_comes_soon_and_says_what_to_do(tmp_path):
    started = time.monotonic()
    done = run(
        None, "status", limit_s=110, CLIPSTREAM_BROKER_URL="kafka://127.0.0.1:1", CLIPSTREAM_DATA_DIR=str(tmp_path)
    )
    assert time.monotonic() - started < 60  # ten, and what a busy machine takes to import everything
    assert done.returncode == 1
    assert "clipstream up" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["process"], 2, "Missing argument"),
        (["process", "x.mp4", "--option", "profil=fast"], 2, "profile"),
        (["process", "x.mp4", "--option", "max_segments=none"], 2, "max_segments"),
        (["process", "x.mp4", "--option", "platforms=tictok"], 2, "tiktok"),
        (["process", "x.mp4", "--option", "preferences.speach=2"], 2, "speech"),
        (["worker", "nobody"], 2, "transcriber"),
        (["topics", "tail", "nothing"], 2, "video-ingested"),
        (["results"], 1, "clipstream up"),
        (["replay", "--topic", "transcript", "--offset", "0"], 1, "--rebuild-join"),
        (["results", "x", "--wait", "-1"], 2, "--wait"),
        (["worker", "metadata", "--instance", "a b/../c"], 2, "--instance"),
    ],
)
def test_wrong_usage_says_what_is_right(tmp_path, arguments, code, words):
    done = run(None, *arguments, CLIPSTREAM_DATA_DIR=str(tmp_path))
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["up", "--detach"], {"CLIPSTREAM_STORE_URL": "nonsuch://b"}, "CLIPSTREAM_STORE_URL"),
        (["process", str(SAMPLE)], {"CLIPSTREAM_STORE_URL": "nonsuch://b"}, "CLIPSTREAM_STORE_URL"),
        (["process", str(SAMPLE)], {"CLIPSTREAM_DATA_DIR": "/proc/x"}, "data folder /proc/x"),
        (["up", "--detach"], {"CLIPSTREAM_DATA_DIR": __file__}, "a file in its place"),
        (["status"], {"CLIPSTREAM_BROKER_URL": "http://x"}, "kafka://host:9092"),
    ],
)
def test_nothing_is_started_where_it_cannot_work(tmp_path, arguments, environment, words):
    done = run(None, *arguments, limit_s=60, **{"CLIPSTREAM_DATA_DIR": str(tmp_path / "data"), **environment})
    assert done.returncode == 1, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "logs").exists()


def test_an_unknown_setting_is_refused(tmp_path):
    done = run(None, "settings", CLIPSTREAM_DATA_DIR=str(tmp_path), CLIPSTREAM_WORKER="3")
    assert done.returncode == 1
    assert "CLIPSTREAM_WORKERS" in done.stderr
