"""Replays and dead letters on the real broker: equal bytes, nothing computed twice, a mended video becomes final."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from processors.errors import ClipstreamError
from streams import topics
from streams.admin import create_topics
from streams.letters import letters, requeue
from streams.replay import STAGES, replay_topic, replay_video
from streams.work import BEHIND
from tests import media
from tests.pipeline import Pipeline, request, until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def first(pipeline: Pipeline, sample: Path) -> bytes:
    """Canonical bytes of the first run of the video that is replayed."""
    return pipeline.canonical(pipeline.process(request(sample, "replayed"))[0])


def replayed(pipeline: Pipeline, stage: str | None, *, fresh: bool):
    wanted = asyncio.run(replay_video(pipeline.settings, "replayed", stage, fresh=fresh, dry_run=True))
    return pipeline.process(wanted)[0]


@pytest.mark.parametrize("stage", STAGES)
def test_a_fresh_replay_computes_its_stage_and_those_behind_it_and_gives_the_same_bytes(pipeline, first, stage):
    again = replayed(pipeline, stage, fresh=True)
    assert pipeline.canonical(again) == first
    for run in again.run.stages:
        if run.stage in BEHIND[stage]:
            assert run.cached == 0, run
        else:
            assert run.cached == run.records, run


def test_a_replay_without_fresh_computes_nothing(pipeline, first):
    again = replayed(pipeline, "transcriber", fresh=False)
    assert pipeline.canonical(again) == first
    assert all(run.cached == run.records for run in again.run.stages)


def test_a_replay_is_the_next_generation_and_a_dry_run_sends_nothing(pipeline, first):
    held = pipeline.latest()["replayed"].generation
    submitted = len(pipeline.read(topics.VIDEO_INGESTED))
    wanted = asyncio.run(replay_video(pipeline.settings, "replayed", None, fresh=False, dry_run=True))
    assert (wanted.generation, wanted.replay_from) == (held + 1, "all")
    assert len(pipeline.read(topics.VIDEO_INGESTED)) == submitted
    with pytest.raises(ClipstreamError, match="No request"):
        asyncio.run(replay_video(pipeline.settings, "nobody", None, fresh=False, dry_run=False))


def test_offsets_of_running_stages_and_of_the_joiner_are_not_moved(pipeline, first):
    with pytest.raises(ClipstreamError, match="running"):
        asyncio.run(replay_topic(pipeline.settings, "audio-chunk", since_ms=None, offset=0, dry_run=False))
    with pytest.raises(ClipstreamError, match="joiner"):
        asyncio.run(replay_topic(pipeline.settings, "transcript", since_ms=None, offset=0, dry_run=False))
    moved = asyncio.run(replay_topic(pipeline.settings, "audio-chunk", since_ms=0, offset=None, dry_run=True))
    assert {one.agent for one in moved} == {"transcriber"}
    assert sum(one.records for one in moved) == len(pipeline.read(topics.AUDIO_CHUNK))


async def test_offsets_of_an_idle_stage_are_moved(cluster_settings):
    settings = cluster_settings.model_copy(update={"topic_prefix": "idle."})
    await create_topics(settings)
    partition = TopicPartition(settings.topic("audio-chunk"), 3)
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers())
    await producer.start()
    for number in range(5):
        await producer.send_and_wait(partition.topic, b"x", partition=3, timestamp_ms=1_000 * (number + 1))
    await producer.stop()
    moved = await replay_topic(settings, "audio-chunk", since_ms=3_000, offset=None, dry_run=False)
    assert {one.partition: (one.offset, one.records) for one in moved if one.records} == {3: (2, 3)}
    assert await committed(settings, partition) == 2
    await replay_topic(settings, "audio-chunk", since_ms=None, offset=4, dry_run=False)
    assert await committed(settings, partition) == 4
    await replay_topic(settings, "audio-chunk", since_ms=None, offset=0, dry_run=True)
    assert await committed(settings, partition) == 4


async def committed(settings, partition: TopicPartition) -> int | None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers(), group_id=settings.group("transcriber"), enable_auto_commit=False
    )
    await consumer.start()
    try:
        return await consumer.committed(partition)
    finally:
        await consumer.stop()


def test_a_mended_video_becomes_final_by_sending_its_message_again(pipeline, sample, tmp_path):
    source = media.MAKERS["zero_bytes"](tmp_path)
    assert pipeline.process(request(source, "mended"))[0].status == "failed"
    mine = [one for one in asyncio.run(letters(pipeline.settings)) if one.letter.video_id == "mended"]
    assert {one.letter.stage for one in mine} >= {"audio-extractor", "frame-extractor", "metadata"}
    assert all("empty" in one.letter.reason for one in mine)
    assert mine[0].to_json(pipeline.settings)["message"]["video_id"] == "mended"
    source.write_bytes(sample.read_bytes())
    assert len(asyncio.run(requeue(pipeline.settings, mine))) == 1  # three letters, one message
    until(lambda: pipeline.latest()["mended"].status == "final", "the mended video is final")
    again = [one for one in asyncio.run(letters(pipeline.settings)) if one.letter.video_id == "mended"]
    assert all(one.requeued for one in again)
    assert asyncio.run(requeue(pipeline.settings, again)) == []
