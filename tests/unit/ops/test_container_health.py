"""The health check of a worker's container, against the port that workers serve."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from ops.docker import health
from streams.clock import SYSTEM_CLOCK
from streams.health import BEAT_EACH_S, LOOP_LIMIT_S, Health, Look, serve
from streams.metrics import registry_of
from streams.worker import note_path
from tests.unit.streams.test_supervisor import HandClock


@pytest.fixture
def told() -> Health:
    """What a worker that is well tells."""
    told = Health("vision", SYSTEM_CLOCK)
    told.warm = True
    told.look = Look(broker=True, partitions=16)
    return told


class Turning(asyncio.AbstractEventLoop):
    """An event loop that turns when it is told to."""

    def __init__(self) -> None:
        self.waits_s: list[float] = []

    def call_soon(self, callback, *_, **__):  # type: ignore[no-untyped-def,override]
        self.turn = callback

    def call_later(self, delay, callback, *_, **__):  # type: ignore[no-untyped-def,override]
        self.waits_s.append(delay)
        self.turn = callback


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
    told.look = Look(broker=False)
    with pytest.raises(health.Unwell, match="no broker answers"):
        health.check(tmp_path)
    assert health.check(tmp_path, needs_broker=False) == "vision runs"  # starting it again would not help


def test_a_worker_whose_event_loop_hangs_is_not_well(tmp_path: Path) -> None:
    clock = HandClock()
    told = Health("vision", clock)
    told.look = Look(broker=True)
    write_note(tmp_path, serve(told))
    clock.now_s += LOOP_LIMIT_S - 1
    assert health.check(tmp_path)
    clock.now_s += 2
    with pytest.raises(health.Unwell, match="the event loop has not answered for 31 s"):
        health.check(tmp_path)


def test_an_event_loop_beats_as_long_as_it_turns(told: Health) -> None:
    beats: list[float] = []
    told.beat = lambda: beats.append(0.0)  # type: ignore[method-assign]
    told.follow(turning := Turning())
    for _ in range(3):
        turning.turn()
    assert len(beats) == 3
    assert turning.waits_s == [BEAT_EACH_S] * 3


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
    with urllib.request.urlopen(f"http://127.0.0.1:{serve(told, registry_of('vision'))}/metrics", timeout=5) as answer:
        assert b"clipstream_in_flight" in answer.read()


def test_an_unwell_worker_answers_503(told: Health) -> None:
    told.look = Look(broker=True, problem="it stands still")
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
