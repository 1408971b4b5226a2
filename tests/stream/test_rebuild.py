"""`replay --rebuild-join` on the real broker: silent where all is well, and mends what was lost, cut off or wrong."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from typer.testing import CliRunner

from processors.errors import ClipstreamError
from streams import topics
from streams.admin import connect, create_topics
from streams.cli.whole import app
from streams.client import read_records
from streams.groups import group_states
from streams.join import rebuild
from streams.join.parts import PART_TOPICS
from streams.join.rebuild import rebuild_join
from streams.join.rows import changelog_name
from streams.reading import to_environment
from streams.settings import Settings
from tests.pipeline import Pipeline, until
from tests.unit.join.records import FAR_MS, VIDEO, Raw, raw, with_content
from tests.unit.join.records import records as records_of

pytestmark = [pytest.mark.stream, pytest.mark.timeout(1500)]
COMPLETE = "M T0 T1 T/2 V0 V/1"
AGENTS = ("joiner", "segmenter")


def records(text: str, video: str = VIDEO, now_ms: int = 0) -> list[Raw]:
    return records_of(" ".join(with_content(text)), video, now_ms)


@pytest.fixture(scope="module")
def settings(cluster_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Topics and state of their own."""
    own = cluster_settings.model_copy(
        update={"topic_prefix": "rebuilt.", "data_dir": tmp_path_factory.mktemp("rebuilt")}
    )
    asyncio.run(create_topics(own))
    return own


def send(settings: Settings, *wanted: Raw) -> None:
    async def send_all() -> None:
        async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers()) as producer:
            for one in wanted:
                await producer.send_and_wait(settings.topic(one.topic), one.value, key=one.key, partition=one.partition)

    asyncio.run(send_all())


def log_of(settings: Settings, spec: Any) -> list[tuple[int, int, bytes]]:
    """(Partition, offset, bytes) of every record."""

    async def collect() -> list[tuple[int, int, bytes]]:
        return [(one.partition, one.offset, one.value) async for one in read_records(settings, spec)]

    return sorted(asyncio.run(collect()))


def changelog_size(settings: Settings) -> int:
    async def ask() -> int:
        consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers())
        await consumer.start()
        topic = changelog_name(settings.group("joiner"))
        ends = await consumer.end_offsets([TopicPartition(topic, n) for n in range(topics.VIDEO_PARTITIONS)])
        await consumer.stop()
        return sum(ends.values())

    return asyncio.run(ask())


def skip_to_the_end(settings: Settings) -> None:
    """As if the joiner had committed what it never took."""

    async def commit() -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap_servers(), group_id=settings.group("joiner"), enable_auto_commit=False
        )
        await consumer.start()
        places = [TopicPartition(settings.topic(spec.name), n) for spec in PART_TOPICS for n in range(spec.partitions)]
        consumer.assign(places)
        await consumer.commit(await consumer.end_offsets(places))
        await consumer.stop()

    asyncio.run(commit())


def lose_the_table(settings: Settings) -> None:
    """The joiner's folder and its changelog topic."""

    async def delete() -> None:
        admin = await connect(settings)
        topic = changelog_name(settings.group("joiner"))
        await admin.delete_topics([topic])
        while topic in await admin.list_topics():
            await asyncio.sleep(0.05)
        await admin.close()

    asyncio.run(delete())
    for folder in (settings.data_dir / "tables").glob("joiner*"):
        shutil.rmtree(folder)
    asyncio.run(create_topics(settings))


@contextmanager
def agents_at_work(settings: Settings) -> Iterator[Pipeline]:
    with Pipeline(settings, AGENTS) as pipeline:
        yield pipeline
    # who stops is a member until its session is over
    until(lambda: not members(settings), "the groups are empty", 150)


def members(settings: Settings) -> int:
    return sum(state.members for state in asyncio.run(group_states(settings)))


def wait_until_taken(pipeline: Pipeline, settings: Settings) -> None:
    def lag() -> int:
        return sum(state.lag for state in asyncio.run(group_states(settings)) if state.agent in AGENTS)

    until(lambda: lag() == 0, "joiner and segmenter are through", 150)


def test_a_table_that_is_lost_is_made_anew_and_what_is_wrong_is_mended(settings, monkeypatch):
    with agents_at_work(settings) as pipeline:
        for name in ("x-done", "x-wrong"):
            send(settings, *records(COMPLETE, name))
        send(settings, *records("M T0! T1 T/2 V0 V/1", "x-worse"))
        send(settings, *records("cancel", "x-cancelled", FAR_MS), *records("M T0 cancel", "x-stopped", FAR_MS))
        send(settings, *records("M T0 T1 T/2", "x-waits"), *records("M T0 T1 T/2 V0", "x-cut"))
        through = {"x-done", "x-wrong", "x-worse", "x-cancelled", "x-stopped"}
        until(lambda: through <= set(pipeline.latest()), "five are through", 150)
        # given up by the deadline with nothing missing but content, which comes after that; topics have no common order
        send(settings, *records("M T0 T1 T/2 V0 V/1 C/2", "x-content"))
        wait_until_taken(pipeline, settings)
        send(settings, *records("deadline", "x-content", FAR_MS))
        until(lambda: pipeline.status("x-content") == "final", "it is final without content", 150)
        send(settings, *records("C0 C1", "x-content"))
        without = pipeline.latest()["x-content"].revision
        wait_until_taken(pipeline, settings)
        with pytest.raises(ClipstreamError, match="joiner are running"):
            asyncio.run(rebuild_join(settings, dry_run=False))
        assert asyncio.run(rebuild_join(settings, dry_run=True)).published == []
        clean = pipeline.canonical(pipeline.latest()["x-done"])
        bad = replace(pipeline.latest()["x-wrong"], revision=9, title="not this")
    # a result that is not of the newest emission; parts that the joiner skipped, all of one video, the last of another
    send(settings, raw(topics.SEGMENTS, bad, "x-wrong"), *records(COMPLETE, "x-lost"), *records("V/1", "x-cut"))
    skip_to_the_end(settings)
    joined, results = log_of(settings, topics.VIDEO_JOINED), log_of(settings, topics.SEGMENTS)
    lose_the_table(settings)

    asked = CliRunner().invoke(
        app, ["replay", "--rebuild-join", "--dry-run", "--json"], env=to_environment(settings), catch_exceptions=False
    )
    said = json.loads(asked.stdout)
    assert {one["video_id"]: one["revision"] for one in said["published"]} == {"x-cut": 1, "x-lost": 1, "x-wrong": 10}
    assert said["videos"] == 8
    assert (said["open"], said["dry_run"]) == (1, True)
    assert log_of(settings, topics.VIDEO_JOINED) == joined
    assert changelog_size(settings) == 0

    # cut off in the middle of the first publication, then again from the start
    sends = rebuild._Changelog.video

    async def send_and_die(*arguments: Any) -> None:
        await sends(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(rebuild._Changelog, "video", send_and_die)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(rebuild_join(settings, dry_run=False))
    monkeypatch.undo()
    again = asyncio.run(rebuild_join(settings, dry_run=False))
    assert len(again.published) == 2, "the third was published by the run that was cut off"
    after = log_of(settings, topics.VIDEO_JOINED)
    assert len(after) == len(joined) + 3
    assert set(joined) < set(after)
    assert log_of(settings, topics.SEGMENTS) == results

    with agents_at_work(settings) as pipeline:
        send(settings, *records(COMPLETE, "x-cancelled"), *records("T1 T/2 V0 V/1", "x-stopped"))
        send(settings, *records("V0 V/1", "x-waits"), *records("T0", "x-worse"))
        wanted = {"x-done": 1, "x-lost": 1, "x-cut": 1, "x-wrong": 10, "x-waits": 1, "x-worse": 2}
        wanted |= {"x-cancelled": 1, "x-stopped": 1, "x-content": without}
        until(lambda: {n: r.revision for n, r in pipeline.latest().items()} == wanted, "all are final", 150)
        wait_until_taken(pipeline, settings)
        for name, result in pipeline.latest().items():
            if name in ("x-cancelled", "x-stopped"):
                assert result.status == "cancelled", name
                continue
            assert result.status == "final", name
            assert pipeline.canonical(result).replace(name.encode(), b"x-done") == clean, name
    # nothing that was well was published again
    assert len(log_of(settings, topics.VIDEO_JOINED)) == len(after) + 2
    assert asyncio.run(rebuild_join(settings, dry_run=True)).published == []
