"""Replays and dead letters on the real broker: equal bytes, nothing computed twice, a mended video becomes final."""

from __future__ import annotations

import asyncio
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from processors.errors import ClipstreamError
from processors.options import Options
from schemas.messages import Segments
from streams import topics
from streams.admin import create_topics
from streams.client import next_request, read_records, request_for
from streams.letters import letters, requeue
from streams.replay import STAGES, replay_topic, replay_video
from streams.work import BEHIND
from streams.worker import living_workers
from tests import media
from tests.pipeline import Pipeline, request, until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(700)]


VIDEOS = ("replayed", "replayed-late", "replayed-rotated")


@pytest.fixture(scope="module")
def first(pipeline: Pipeline, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Canonical bytes of the first runs of the videos that are replayed."""
    folder = tmp_path_factory.mktemp("replayed")
    sources = (sample, media.MAKERS["video_starts_late"](folder), media.MAKERS["rotated_90"](folder))
    found = pipeline.process(*(request(source, name) for source, name in zip(sources, VIDEOS, strict=True)))
    assert {result.status for result in found} <= {"final", "degraded"}
    return {result.video_id: pipeline.canonical(result) for result in found}


def replayed(pipeline: Pipeline, stage: str | None, *, fresh: bool) -> list[Segments]:
    """The results of all videos after a replay of each."""
    wanted = [asyncio.run(replay_video(pipeline.settings, video, stage, fresh=fresh, dry_run=True)) for video in VIDEOS]
    return pipeline.process(*wanted)


@pytest.mark.parametrize("stage", STAGES)
def test_a_fresh_replay_computes_its_stage_and_those_behind_it_and_gives_the_same_bytes(pipeline, first, stage):
    for again in replayed(pipeline, stage, fresh=True):
        assert pipeline.canonical(again) == first[again.video_id]
        for run in again.run.stages:
            if run.stage in BEHIND[stage]:
                assert run.cached == 0, run
            else:
                assert run.cached == run.records, run


def counted(pipeline: Pipeline, agent: str, name: str) -> float:
    """A counter of an agent's worker, summed over its labels."""
    note = next(note for note in living_workers(pipeline.settings.data_dir) if note["agent"] == agent)
    with urllib.request.urlopen(f"http://127.0.0.1:{note['port']}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name}{{"))


def test_a_replay_without_fresh_calls_neither_recognition_nor_vision(pipeline, first):
    agents = ("transcriber", "vision")
    before = {
        agent: [counted(pipeline, agent, f"cache_{what}_total") for what in ("hits", "misses")] for agent in agents
    }
    items: Counter[str] = Counter()
    for again in replayed(pipeline, "metadata", fresh=False):
        assert pipeline.canonical(again) == first[again.video_id]
        assert all(run.cached == run.records for run in again.run.stages)
        items.update({run.stage: run.records for run in again.run.stages})
    for agent in agents:
        hits, misses = (counted(pipeline, agent, f"cache_{what}_total") for what in ("hits", "misses"))
        assert items[agent] > 0
        assert hits - before[agent][0] == items[agent]
        assert misses == before[agent][1], "every answer came from the first tier that was asked"


@pytest.mark.parametrize(
    ("change", "computed"),
    [
        ({"max_segments": 2}, {"segmenter"}),
        ({"vision": "off"}, {"frame-extractor", "vision", "segmenter"}),
        (
            # and a language, as other tests of the run have the fast profile and its results
            {"profile": "fast", "language": "en"},
            {"metadata", "audio-extractor", "frame-extractor", "transcriber", "vision", "segmenter"},
        ),
        ({"metadata": {"title": "Another"}}, {"metadata", "segmenter"}),
    ],
)
def test_another_option_computes_the_stages_that_it_steers_and_those_behind(pipeline, first, sample, change, computed):
    again = pipeline.process(request(sample, f"changed-{next(iter(change))}", **change))[0]
    assert again.status == "final"
    behind = computed | {"content"} if "transcriber" in computed else computed  # other words are understood anew
    for run in again.run.stages:
        # what is computed anew may come to the same items, which are known behind it
        assert run.stage in behind or run.cached == run.records, run
    steered = next(run for run in again.run.stages if run.stage in computed)
    assert steered.cached < steered.records


def test_another_recogniser_computes_what_hangs_on_words_alone(cluster_settings, pipeline, first, sample, tmp_path):
    """Other workers in another folder: what they find was kept in the tier that hosts share."""
    changes = {"data_dir": tmp_path, "store_url": cluster_settings.store, "topic_prefix": "other-"}
    settings = cluster_settings.model_copy(update={**changes, "asr_model": "tiny.en"})
    asyncio.run(create_topics(settings))
    with Pipeline(settings) as other:
        again = other.process(request(sample, "replayed"))[0]
    cached = {run.stage: run.cached for run in again.run.stages}
    assert cached.pop("transcriber") == cached.pop("content") == cached.pop("segmenter") == 0
    assert cached == {run.stage: run.records for run in again.run.stages if run.stage in cached}


def test_the_same_file_twice_is_one_video_and_no_work(cluster_settings, pipeline, first, sample):
    """Through the command line: `request_for` and `next_request` are what `process` and `ingest` do."""
    wanted = request_for(str(sample), Options(max_segments=3), None, pipeline.settings)
    result = pipeline.process(wanted)[0]
    again = request_for(str(sample), Options(max_segments=3), None, pipeline.settings)
    assert again == wanted
    assert next_request(again, result, pipeline.settings) is None, "the answer is there"
    other = request_for(str(sample), Options(max_segments=4), None, pipeline.settings)
    assert other.video_id != wanted.video_id
    # a producer that sends the same message again: the results are the same, and nothing is computed
    before = counted(pipeline, "transcriber", "cache_misses_total")
    asyncio.run(pipeline.submit(again))
    until(lambda: not pipeline.lag(), "it is through", 120)
    finals = [r for r in pipeline.read(topics.SEGMENTS) if r.video_id == wanted.video_id and r.status == "final"]
    assert len({pipeline.canonical(r) for r in finals}) == 1
    assert {r.order for r in finals} == {result.order}
    assert counted(pipeline, "transcriber", "cache_misses_total") == before


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
    with pytest.raises(ClipstreamError) as refused:
        asyncio.run(replay_topic(pipeline.settings, "video-ingested", since_ms=None, offset=0, dry_run=False))
    for agent in ("audio-extractor", "frame-extractor", "metadata"):
        assert f"`clipstream worker {agent}`" in (refused.value.remedy or "")
    with pytest.raises(ClipstreamError, match="joiner"):
        asyncio.run(replay_topic(pipeline.settings, "transcript", since_ms=None, offset=0, dry_run=False))
    moved = asyncio.run(replay_topic(pipeline.settings, "audio-chunk", since_ms=0, offset=None, dry_run=True))
    assert {one.agent for one in moved} == {"transcriber"}
    assert sum(one.records for one in moved) == sum(
        asyncio.run(on_topic(pipeline, lane)) for lane in topics.lanes(topics.AUDIO_CHUNK)
    )


async def on_topic(pipeline: Pipeline, spec: topics.TopicSpec) -> int:
    """Records on a topic, those that nobody can read too."""
    return sum([1 async for _ in read_records(pipeline.settings, spec)])


async def test_offsets_of_an_idle_stage_are_moved(cluster_settings):
    settings = cluster_settings.model_copy(update={"topic_prefix": "idle."})
    await create_topics(settings)
    partition = TopicPartition(settings.topic("audio-chunk"), 3)
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers()) as producer:
        for number in range(5):
            await producer.send_and_wait(partition.topic, b"x", partition=3, timestamp_ms=1_000 * (number + 1))
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
    until(lambda: pipeline.latest()["mended"].status == "final", "the mended video is final", 180)
    again = [one for one in asyncio.run(letters(pipeline.settings)) if one.letter.video_id == "mended"]
    assert all(one.requeued for one in again)
    assert asyncio.run(requeue(pipeline.settings, again)) == []
