"""Restarts in turn: in which order, and what is refused."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from processors.errors import ClipstreamError
from streams import agents
from streams.clock import SYSTEM_CLOCK
from streams.groups import READS
from streams.restarting import READERS_FIRST, by_hand, restart
from streams.settings import Settings
from streams.supervisor import STATES_FILE, Supervisor
from streams.worker import living_workers
from tests.pipeline import until
from tests.unit.streams import standing_in

# Which topics each agent writes, of those that agents read; all write `progress` and `dead-letter`, which none reads.
WRITES = {
    "metadata": {"video-metadata"},
    "audio-extractor": {"audio-chunk", "audio-chunk-high"},
    "frame-extractor": {"frame-batch", "frame-batch-high"},
    "transcriber": {"transcript"},
    "vision": {"vision-result"},
    "content": {"content-result"},
    "joiner": {"video-joined", "join-timer"},
    "segmenter": {"segments"},
    "enricher": {"segments"},
    "sink": set(),
}


def restarted(settings: Settings, *names: str) -> list[object]:
    return asyncio.run(_collected(settings, *names))


def test_readers_go_before_those_who_write_for_them():
    assert sorted(READERS_FIRST) == sorted(agents.ALL) == sorted(WRITES)
    for writer, topics in WRITES.items():
        for reader, specs in READS.items():
            if reader != writer and topics & {spec.name for spec in specs}:
                assert READERS_FIRST.index(reader) < READERS_FIRST.index(writer), (reader, writer)


@pytest.mark.parametrize(
    ("kept", "names", "reason"),
    [
        (None, (), "No `clipstream up` keeps agents in"),
        (("joiner",), ("vision",), "No `clipstream up` keeps vision in"),
        (("joiner",), ("jointer",), "No agent 'jointer'"),
    ],
)
def test_what_nobody_would_start_again_is_not_ended(tmp_path, kept, names, reason):
    if kept is not None:
        states = {"supervisor": os.getpid(), "agents": {name: {"state": "running"} for name in kept}}
        (tmp_path / STATES_FILE).write_text(json.dumps(states))
    with pytest.raises(ClipstreamError, match=reason):
        restarted(Settings(data_dir=tmp_path), *names)


def test_a_worker_that_stays_down_is_told_with_its_reason(tmp_path):
    child = {"state": "down", "last_exit": "exit 78", "reason": "All fails.", "restarts": 0}
    (tmp_path / STATES_FILE).write_text(json.dumps({"supervisor": os.getpid(), "agents": {"vision": child}}))
    with pytest.raises(ClipstreamError, match=r"vision stays down after exit 78\. All fails\."):
        restarted(Settings(data_dir=tmp_path), "vision")


async def test_one_at_a_time_and_none_that_was_started_by_hand(tmp_path):
    """Copies of an agent go one after the other; nobody would start again what a shell has started."""
    (tmp_path / "workers").mkdir()
    command = (sys.executable, str(Path(standing_in.__file__)))
    settings = Settings(data_dir=tmp_path, broker_url="kafka://h:1")
    supervisor = Supervisor(settings, ("vision",), SYSTEM_CLOCK, copies={"vision": 2}, command=command)
    words = [*command, "worker", "vision", "--instance", "second"]
    environment = {**os.environ, "CLIPSTREAM_DATA_DIR": str(tmp_path)}
    # its parent has ended by now, as the shell has that somebody logged out of
    parent = "import subprocess, sys; subprocess.Popen(sys.argv[1:])"
    subprocess.run([sys.executable, "-c", parent, *words], env=environment, check=True)
    until(lambda: len(living_workers(tmp_path)) == 1, "one of a shell")
    hand = psutil.Process(int(living_workers(tmp_path)[0]["pid"]))  # type: ignore[call-overload]
    try:
        supervisor.start()
        until(lambda: len(living_workers(tmp_path)) == 3, "two of the supervisor")

        async def keep() -> None:
            while True:
                supervisor.poll()
                await asyncio.sleep(0.05)

        keeping = asyncio.ensure_future(keep())
        # without an end where a successor is waited for that nobody starts
        back = await asyncio.wait_for(_collected(settings, "vision"), 60.0)
        keeping.cancel()
        assert len(back) == 2
        assert [note["instance"] for note in by_hand(settings, ("vision",))] == ["second"]
        assert hand.is_running()
        lives = (tmp_path / "lives").read_text().splitlines()[3:]
        assert lives == [f"vision {number} {what}" for number in "12" for what in ("ends", "begins")]
    finally:
        supervisor.stop()
        with suppress(psutil.NoSuchProcess):
            hand.kill()


async def _collected(settings: Settings, *names: str) -> list[object]:
    return [one async for one in restart(settings, names, SYSTEM_CLOCK)]
