"""The short forms of the load bench and of the long recording: the real agents on a broker of their own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import orjson
import psutil
import pytest

from streams import agents
from streams.supervisor import clipstream_command

pytestmark = [pytest.mark.stream, pytest.mark.timeout(600)]
VIDEOS, CHUNKS, BATCHES = 5, 6, 2
# A machine that stands still for longer than a session would have the workers start again, and restarts are counted.
PATIENT = {"CLIPSTREAM_SESSION_TIMEOUT_S": "60"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """JSON of a short run; nothing of it is left behind."""
    folder = tmp_path_factory.mktemp("bench")
    sizes = ["--videos", str(VIDEOS), "--chunks", str(CHUNKS), "--batches", str(BATCHES), "--stub-ms", "2"]
    run = subprocess.run(
        [*clipstream_command(), "bench", "stream", *sizes, "--json", "-o", str(folder / "stream.json")],
        env={**os.environ, "TMPDIR": str(folder), "CLIPSTREAM_WORKERS": "2", **PATIENT},
        capture_output=True,
        timeout=500,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    printed: dict = orjson.loads(run.stdout)
    assert printed == orjson.loads((folder / "stream.json").read_bytes())
    assert [path for path in folder.iterdir() if path.is_dir()] == [], "the state folder is gone"
    assert [one.pid for one in psutil.process_iter() if _names(one, folder)] == []
    return printed


def test_every_video_becomes_final_and_nothing_is_lost(found):
    pooled = found["pooled"]
    assert (pooled["statuses"], pooled["lost"], pooled["restarts"]) == ({"final": VIDEOS}, 0, {})


def test_each_stage_published_exactly_its_records(found):
    records = found["pooled"]["records"]
    assert records["video-ingested"] == records["video-metadata"] == VIDEOS
    assert records["audio-chunk"] == records["transcript"] == records["content-result"] == VIDEOS * (CHUNKS + 1)
    assert records["frame-batch"] == records["vision-result"] == VIDEOS * (BATCHES + 1)
    # an early one at a twentieth of a video at the soonest, each time that twice as much is known, and the last one
    assert VIDEOS <= records["segments"] == records["video-joined"] <= 6 * VIDEOS
    assert (records["dead-letter"], records["join-timer"]) == (0, 0)
    assert records["progress"] >= VIDEOS


def test_the_json_has_the_shape_of_all_benches(found):
    assert set(found) >= {"bench", "machine", "rows", "pooled", "baselines"}
    assert [row["item"] for row in found["rows"]] == [*agents.NAMES, "kafka"]
    for row in found["rows"]:
        assert min(row["first_mb"], row["last_mb"], row["processor_ms_per_video"]) > 0, row
    pooled, bare = found["pooled"], found["baselines"]["bare"]
    assert pooled["ratio"] == pytest.approx(pooled["messages_per_s"] / bare["messages_per_s"], abs=0.001)
    # which of the two is faster is for the bench itself to say: here others have the machine, too
    assert min(bare["messages_per_s"], found["baselines"]["bare_faust"]["messages_per_s"]) > 0
    assert 0 < pooled["first_progress_s"]["p50"] <= pooled["first_progress_s"]["p95"] <= pooled["seconds"]


def _names(process: psutil.Process, folder: Path) -> bool:
    try:
        return any(str(folder) in part for part in process.cmdline())
    except psutil.Error:
        return False


def test_a_long_recording_is_measured_stage_by_stage(tmp_path):
    run = subprocess.run(
        [*clipstream_command(), "bench", "long", "--hours", "0.02", "--model", "tiny.en", "--json"],
        env={**os.environ, "TMPDIR": str(tmp_path), "CLIPSTREAM_WORKERS": "1", **PATIENT},
        capture_output=True,
        timeout=500,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    found = orjson.loads(run.stdout)
    pooled, rows = found["pooled"], {row["item"]: row for row in found["rows"]}
    assert (pooled["status"], pooled["restarts"]) == ("final", 0)
    assert pooled["duration_ms"] >= 72_000
    assert pooled["utterances"] > 10
    assert list(rows) == list(agents.NAMES)
    assert rows["transcriber"]["child_peak_mb"] > 150, "a recogniser was loaded"
    assert rows["joiner"]["child_peak_mb"] == 0, "it has no children"
    assert list(tmp_path.glob("clipstream-*")) == [], "the state folder is gone"
