"""The health check of a worker's container, against the port that workers serve."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import streams.metrics  # noqa: F401  the metrics that a worker serves
from ops.docker import health
from streams.clock import SYSTEM_CLOCK
from streams.health import LOOP_LIMIT_S, Health, Look, serve
from streams.worker import note_path


@pytest.fixture
def told() -> Health:
    """What a worker that is well tells."""
    told = Health("vision", SYSTEM_CLOCK)
    told.warm = True
    told.look = Look(SYSTEM_CLOCK.monotonic_s(), broker=True, partitions=16)
    return told


def write_note(data_dir: Path, port: int) -> None:
    """A note as `streams.worker` leaves it."""
    note = note_path(data_dir, "vision", None)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"agent": "vision", "pid": 1, "port": port}))


def test_a_worker_that_is_well(tmp_path: Path, told: Health) -> None:
    write_note(tmp_path, serve(told))
    assert health.check(tmp_path) == "vision runs"
    told.warm = False
    assert health.check(tmp_path) == "vision runs, loading"


def test_a_worker_without_a_broker_is_not_well(tmp_path: Path, told: Health) -> None:
    write_note(tmp_path, serve(told))
    told.look = Look(SYSTEM_CLOCK.monotonic_s(), broker=False)
    with pytest.raises(health.Unwell, match="no broker answers"):
        health.check(tmp_path)


def test_a_worker_whose_event_loop_hangs_is_not_well(tmp_path: Path, told: Health) -> None:
    write_note(tmp_path, serve(told))
    told.look = Look(SYSTEM_CLOCK.monotonic_s() - LOOP_LIMIT_S - 1, broker=True)
    with pytest.raises(health.Unwell, match=r"the event loop has not answered for 3\d s"):
        health.check(tmp_path)


def test_a_note_whose_worker_is_gone_is_not_well(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    write_note(tmp_path, port)
    with pytest.raises(health.Unwell, match="vision does not answer"):
        health.check(tmp_path)


def test_no_note_means_not_started(tmp_path: Path) -> None:
    with pytest.raises(health.Unwell, match="No worker has started"):
        health.check(tmp_path)


def test_metrics_are_on_the_same_port(told: Health) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{serve(told)}/metrics", timeout=5) as answer:
        assert b"clipstream_in_flight" in answer.read()


def test_an_unwell_worker_answers_503(told: Health) -> None:
    told.look = Look(SYSTEM_CLOCK.monotonic_s(), broker=True, problem="it stands still")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{serve(told)}/healthz", timeout=5)
    with refused.value as answer:
        assert (answer.code, json.load(answer)["problem"]) == (503, "it stands still")


def test_the_command_says_what_is_wrong_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, runpy\n"
        "try: runpy.run_module('ops.docker.health', run_name='__main__')\n"
        "finally: assert not {'faust', 'pydantic', 'numpy', 'psutil'} & set(sys.modules)\n"
    )
    environment = {"CLIPSTREAM_DATA_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=30)
    assert (done.returncode, done.stderr) == (1, "No worker has started yet.\n")
