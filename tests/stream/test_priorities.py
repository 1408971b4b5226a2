"""Levels of urgency with real agents and a real broker; only the jobs are stubs, each of 20 ms."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from ops.bench.plan import Plan
from ops.bench.stub_worker import command
from streams import agents, codec, topics
from streams.admin import create_topics
from streams.client import TERMINAL, producing, read_records
from streams.clock import SYSTEM_CLOCK
from streams.supervisor import Supervisor
from tests.pipeline import Pipeline, request, until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(900)]
CHUNKS, LOW = 40, 8
RECORDS = CHUNKS + 1  # of a video: its items and their end


@pytest.fixture(scope="module")
def stubs(cluster_settings, tmp_path_factory) -> Iterator[Pipeline]:
    """All agents with stub jobs, one child a stage."""
    folder = tmp_path_factory.mktemp("priorities")
    settings = cluster_settings.model_copy(
        update={"topic_prefix": "prio-", "data_dir": folder, "store_url": "", "cache_enabled": False, "workers": 1}
    )
    asyncio.run(create_topics(settings))
    (folder / "stub.mp4").write_bytes(b"stub")
    plan = Plan(chunks=CHUNKS, batches=1, stub_ms=20.0, slow_dir=str(folder))
    supervisor = Supervisor(settings, agents.NAMES, SYSTEM_CLOCK, command=command(plan.to_text()))
    with Pipeline(settings, supervisor=supervisor) as running:
        yield running


def submit(pipeline: Pipeline, priority: int, *names: str) -> None:
    source = pipeline.settings.data_dir / "stub.mp4"

    async def send() -> None:
        async with producing(pipeline.settings) as put:
            for name in names:
                await put(replace(request(source, name), priority=priority))

    asyncio.run(send())


@contextmanager
def held(pipeline: Pipeline, job: str) -> Iterator[None]:
    """Each run of a job that begins in here ends after this, however long that is."""
    names = pipeline.settings.data_dir / "slow"
    names.write_text(job)
    try:
        yield
    finally:
        names.unlink()


def items(pipeline: Pipeline, spec: topics.TopicSpec, *names: str) -> int:
    """Records of some videos on a topic."""
    return sum(message.header.video_id in names for message in pipeline.read(spec))


def heard_ms(pipeline: Pipeline) -> dict[str, int]:
    """When the last record of each video left the stage that has turns, as the records say.

    Not when it is final: those behind may stand still until both are through, and take up either first.
    """

    async def read() -> dict[str, int]:
        found: dict[str, int] = {}
        async for one in read_records(pipeline.settings, topics.TRANSCRIPT):
            video = codec.decode(topics.TRANSCRIPT, one.value).header.video_id
            found[video] = max(found.get(video, 0), one.timestamp)
        return found

    return asyncio.run(read())


def ended(pipeline: Pipeline) -> set[str]:
    return {video for video, result in pipeline.latest().items() if result.status in TERMINAL}


def test_a_high_video_is_through_long_before_a_queue_that_was_there_first(stubs: Pipeline):
    low = [f"low-{number}" for number in range(LOW)]
    with held(stubs, "transcribe"):  # both queues are full before either goes on, however slow the machine is
        submit(stubs, -1, *low)
        until(lambda: items(stubs, topics.AUDIO_CHUNK, *low) >= LOW * RECORDS, "the items of the low ones wait", 120)
        submit(stubs, 1, "high")
        until(lambda: items(stubs, topics.AUDIO_CHUNK_HIGH, "high") >= RECORDS, "and those of the high one", 120)
    until(lambda: {"high", *low} <= ended(stubs), "all are final", 180)
    # it needs the turns of its own items and a seventh of that; the low ones needed eight times as many
    heard = heard_ms(stubs)
    assert sum(heard[name] > heard["high"] for name in low) >= LOW - 1, "it overtook what waited"
    urgent = {m.header.video_id for m in stubs.read(topics.AUDIO_CHUNK_HIGH)}
    usual = {m.header.video_id for m in stubs.read(topics.AUDIO_CHUNK)}
    assert (urgent, usual) == ({"high"}, set(low))
    assert {result.status for result in stubs.latest().values()} == {"final"}
    assert not stubs.read(topics.DEAD_LETTER)


def test_under_a_high_load_a_low_video_ends_before_its_end(stubs: Pipeline):
    """Of eight turns one is for lower levels; the high ones go on side by side, so none need be through by then."""
    sent = [f"endless-{n}" for n in range(20)]
    waiting = len(sent) * RECORDS
    with held(stubs, "transcribe"):
        submit(stubs, 1, *sent)
        submit(stubs, -1, "patient")
        until(lambda: items(stubs, topics.AUDIO_CHUNK_HIGH, *sent) >= waiting, "the items of the high ones wait", 120)
        until(lambda: items(stubs, topics.AUDIO_CHUNK, "patient") >= RECORDS, "and those of the low one", 120)
    until(lambda: {"patient", *sent} <= ended(stubs), "all are final", 240)
    heard = heard_ms(stubs)
    assert heard["patient"] < max(heard[name] for name in sent), "it waited for all"
