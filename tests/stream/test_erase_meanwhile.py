"""What is submitted while a video is erased keeps what it needs. No agents: the records are those that they send."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from processors.blobs import BlobStore
from processors.domain import AudioChunk
from processors.options import Options
from schemas.messages import AudioChunkMessage, Header, VideoIngested
from streams import codec, topics
from streams.admin import create_topics
from streams.client import erased_videos, latest_results, producing, read_records, requests
from streams.clock import SYSTEM_CLOCK
from streams.collect import videos_under_way
from streams.connection import client_options
from streams.control import cancel
from streams.database.connection import address_of, connect
from streams.database.sink import Sink
from streams.erasing.erase import erase
from streams.settings import Settings
from tests.databases import Database, content, fresh, record, result

pytestmark = [pytest.mark.stream, pytest.mark.timeout(240)]


@dataclass
class World:
    """Topics of one's own without agents, and a store."""

    settings: Settings

    def __post_init__(self) -> None:
        self.blobs = BlobStore(self.settings.store)

    def old(self, content: bytes) -> str:
        uri = self.blobs.put(content)
        os.utime(Path(self.settings.store) / uri[5:7] / uri[5:], (1, 1))
        return uri

    async def submit(self, video_id: str) -> VideoIngested:
        async with producing(self.settings) as submit:
            return await submit(VideoIngested(uri=f"/{video_id}.mp4", video_id=video_id))

    async def send(self, spec: topics.TopicSpec[Any], video_id: str, message: object) -> None:
        async with self._producer() as producer:
            partition = topics.video_partition(video_id, spec.partitions)
            value = codec.encode(spec, message)
            await producer.send_and_wait(self.settings.topic(spec.name), value, video_id.encode(), partition)

    async def chunk(self, video_id: str, uri: str) -> None:
        header = Header(video_id, 0, "audio-extractor", 0, "ok", None, 1, Options(), None, 1, False)
        item = AudioChunk(uri, 0, 1_000, [], None, None)
        await self.send(topics.AUDIO_CHUNK, video_id, AudioChunkMessage(header, item, None))

    async def end(self, video_id: str, generation: int = 0, **changes: Any) -> str:
        """Tell a final result; the URI of its document, which is old."""
        message = result(self.blobs, video_id, generation, **changes)
        assert message.document_uri is not None
        os.utime(Path(self.settings.store) / message.document_uri[5:7] / message.document_uri[5:], (1, 1))
        await self.send(topics.SEGMENTS, video_id, message)
        return message.document_uri

    def erase(self, video_id: str, meanwhile: Callable[[], Coroutine[Any, Any, Any]], **how: bool) -> dict[str, Any]:
        """Erase a video, and do something else while it waits for the joiner."""

        def say(step: str) -> None:
            if step == "waiting for the joiner":
                with ThreadPoolExecutor(1) as pool:
                    pool.submit(asyncio.run, meanwhile()).result()

        wanted = {"cancel_first": False, "now": False, **how}
        return asyncio.run(erase(self.settings, video_id, SYSTEM_CLOCK, say=say, **wanted)).to_json()

    @asynccontextmanager
    async def _producer(self) -> AsyncIterator[AIOKafkaProducer]:
        producer = AIOKafkaProducer(**client_options(self.settings), acks="all")
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()


@pytest.fixture(scope="module")
def world(cluster_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("meanwhile")
    changes = {"topic_prefix": "meanwhile.", "data_dir": folder, "cache_url": None}
    settings = cluster_settings.model_copy(update=changes)
    asyncio.run(create_topics(settings))
    return World(settings)


def test_another_video_of_the_same_bytes_that_is_submitted_meanwhile_keeps_them(world: World) -> None:
    touched, named = world.old(b"a chunk that it touches"), world.old(b"a chunk that it names")

    async def first() -> str:
        await world.submit("first")
        for uri in (touched, named):
            await world.chunk("first", uri)
        return await world.end("first", words=("only the first",))

    async def second() -> None:
        await world.submit("second")
        world.blobs.touch(touched)
        await world.chunk("second", named)

    document = asyncio.run(first())
    receipt = world.erase("first", second)
    assert world.blobs.exists(touched)
    assert world.blobs.exists(named)
    assert not world.blobs.exists(document), "its own goes"
    assert not receipt["complete"], "what was touched may be the other one's; a later run decides"
    asyncio.run(world.end("second"))


def test_the_same_id_submitted_again_meanwhile_keeps_its_new_result(world: World) -> None:
    async def first() -> str:
        await world.submit("again")
        return await world.end("again", words=("said at first",))

    held = {}

    async def second() -> None:
        request = await world.submit("again")
        assert request.generation == 1
        held["document"] = await world.end("again", 1, words=("said again",))

    document = asyncio.run(first())
    receipt = world.erase("again", second)
    assert not world.blobs.exists(document)
    assert world.blobs.exists(held["document"])
    assert asyncio.run(latest_results(world.settings))["again"].generation == 1
    assert "again" not in asyncio.run(videos_under_way(world.settings)).videos
    assert "results" in [entry["what"] for entry in receipt["remains"]]


def test_sentences_go_although_a_newer_generation_without_any_has_a_result(world: World, postgres: Database) -> None:
    settings = world.settings.model_copy(update={"database_url": address_of(fresh(postgres).settings)})
    renewed = World(settings)
    said, silent = content("renewed"), result(renewed.blobs, "renewed", 1, words=())
    sink = Sink(settings, renewed.blobs, SYSTEM_CLOCK)

    async def first() -> None:
        await renewed.submit("renewed")
        await renewed.end("renewed")

    async def second() -> None:
        await renewed.submit("renewed")
        await renewed.send(topics.SEGMENTS, "renewed", silent)
        sink.take([record(settings, one) for one in (said, silent)])
        sink.close()

    asyncio.run(first())
    receipt = renewed.erase("renewed", second)
    assert [entry["count"] for entry in receipt["erased"] if entry["what"] == "rows in the database"] == [3]
    with connect(settings) as connection:
        assert connection.execute("SELECT generation FROM clipstream.videos").fetchall() == [(1,)]
        assert connection.execute("SELECT 1 FROM clipstream.sentences").fetchall() == []


def test_a_cancel_that_comes_later_leaves_the_note_that_a_video_was_erased(world: World) -> None:
    """Compaction keeps the last record of each key: so does this reader."""

    async def nothing() -> None:
        pass

    async def submitted() -> None:
        await world.submit("undecided")
        await world.end("undecided")

    async def again() -> list[str]:
        await world.submit("undecided")
        assert await cancel(world.settings, "undecided", SYSTEM_CLOCK) == 1
        last = {record.key: record.value async for record in read_records(world.settings, topics.CONTROL)}
        return [
            order.action
            for order in (codec.decode(topics.CONTROL, value) for value in last.values())
            if order.video_id == "undecided"
        ]

    asyncio.run(submitted())
    world.erase("undecided", nothing)
    assert sorted(asyncio.run(again())) == ["cancel", "erase"]
    assert asyncio.run(erased_videos(world.settings))["undecided"] == 0
    asyncio.run(world.end("undecided", 1, status="cancelled"))


def test_what_a_sink_has_not_read_yet_stays_with_now(world: World) -> None:
    async def filled() -> TopicPartition:
        name = next(
            one
            for one in (f"other-{n}" for n in range(100))
            if topics.video_partition(one, 8) == topics.video_partition("filed", 8)
        )
        for video_id in (name, "filed"):
            await world.submit(video_id)
            for _ in range(2):
                await world.send(topics.CONTENT_RESULT, video_id, content(video_id))
            await world.end(video_id)
        place = TopicPartition(
            world.settings.topic(topics.CONTENT_RESULT.name),
            topics.video_partition("filed", topics.CONTENT_RESULT.partitions),
        )
        options = client_options(world.settings)
        consumer = AIOKafkaConsumer(**options, group_id=world.settings.group("sink"), enable_auto_commit=False)
        await consumer.start()
        consumer.assign([place])
        await consumer.commit({place: 1})
        await consumer.stop()
        return place

    async def start_of(place: TopicPartition) -> int:
        consumer = AIOKafkaConsumer(**client_options(world.settings))
        await consumer.start()
        try:
            return int((await consumer.beginning_offsets([place]))[place])
        finally:
            await consumer.stop()

    async def nothing() -> None:
        pass

    assert topics.CONTENT_RESULT.partitions == 8
    place = asyncio.run(filled())
    world.erase("filed", nothing, now=True)
    assert asyncio.run(start_of(place)) == 1

    async def told() -> list[str]:
        return [video_id async for video_id, _ in requests(world.settings)]

    assert "filed" not in asyncio.run(told())
