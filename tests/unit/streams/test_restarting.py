"""Restarts in turn: in which order, and what is refused."""

from __future__ import annotations

import asyncio
import json
import os

import pytest

from processors.errors import ClipstreamError
from streams import agents
from streams.clock import SYSTEM_CLOCK
from streams.groups import READS
from streams.restarting import READERS_FIRST, restart
from streams.settings import Settings
from streams.supervisor import STATES_FILE

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
    async def collect() -> list[object]:
        return [one async for one in restart(settings, names, SYSTEM_CLOCK)]

    return asyncio.run(collect())


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
