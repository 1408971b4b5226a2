"""Workers that join and leave during work: nothing is lost, and what is done twice is bounded by the windows."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter

import pytest

from ops.local.child import spawn
from streams import topics
from streams.groups import group_states
from streams.reading import to_environment
from streams.stage import ADMITTED
from streams.supervisor import clipstream_command
from tests import media
from tests.pipeline import Pipeline, request, until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(1500)]
CHANGES = 4  # two workers join and leave


def members(pipeline: Pipeline) -> int:
    return next(s.members for s in asyncio.run(group_states(pipeline.settings)) if s.agent == "transcriber")


def test_a_second_and_a_third_worker_join_and_leave_during_work(pipeline: Pipeline, tmp_path):
    video = media.repeated(tmp_path / "long.mp4", 3)
    names = [f"moved-{number}" for number in range(3)]
    asyncio.run(pipeline.submit(*(request(video, name, fresh=True) for name in names)))
    until(lambda: any(m.header.video_id in names for m in pipeline.read(topics.TRANSCRIPT)), "work has begun", 120)
    others = {}
    for number in ("2", "3"):
        command = [*clipstream_command(), "worker", "transcriber", "--instance", number]
        environment = {**os.environ, **to_environment(pipeline.settings)}
        others[number] = spawn(command, tmp_path / f"{number}.log", environment, death_signal=signal.SIGKILL)
        until(lambda: members(pipeline) == 1 + len(others), "it is in the group", 150)
    for process in others.values():
        process.terminate()
        assert process.wait(120) == 0
    until(lambda: members(pipeline) == 1, "they have left the group", 120)
    until(lambda: all(pipeline.status(name) == "final" for name in names), "all are final", 480)
    told = Counter(
        (m.header.video_id, m.header.index)
        for m in pipeline.read(topics.TRANSCRIPT)
        if m.header.video_id in names and not m.header.is_end
    )
    repeated = sum(count - 1 for count in told.values())
    print(f"{len(told)} chunks, {repeated} told twice")  # noqa: T201  the figure
    assert len(told) == sum(
        m.header.video_id in names and not m.header.is_end for m in set_of(pipeline.read(topics.AUDIO_CHUNK))
    )
    assert repeated <= CHANGES * ADMITTED


def set_of(messages: list) -> list:
    """Each message once."""
    return list({(m.header.video_id, m.header.index): m for m in messages}.values())
