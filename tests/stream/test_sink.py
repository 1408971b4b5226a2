"""The sink on a real broker with a real Postgres: what the topic says is in the database, whatever is killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.request import urlopen

import pytest
from aiokafka import AIOKafkaProducer

from processors.blobs import BlobStore
from schemas.messages import ContentResultMessage, Control, Segments
from streams import codec, topics
from streams.admin import create_topics
from streams.cli.db import of_topics, orders_of
from streams.client import latest_results
from streams.clock import SYSTEM_CLOCK
from streams.connection import client_options
from streams.database import migrate
from streams.database.connection import address_of
from streams.database.refill import refill
from streams.database.sink import Sink
from streams.database.verify import Verified, chunk_checksums, verify
from streams.settings import Settings
from streams.supervisor import Supervisor
from streams.worker import living_workers
from tests.databases import DAY, Database, content, fresh, result, running
from tests.pipeline import Pipeline, request, until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(1500)]


def settings_of(base: Settings, folder: Any, name: str, database: Database, **changes: Any) -> Settings:
    common = {"data_dir": folder, "topic_prefix": f"{name}-", "cache_url": "", "retry_base_s": 0.1}
    settings = base.model_copy(
        update={**common, "database_url": _whole(database), "asr_model": "tiny.en", "workers": 2, **changes}
    )
    asyncio.run(create_topics(settings))
    return settings


def _whole(database: Database) -> str:
    """The address with its password: the workers have another data folder."""
    return address_of(database.settings)


@asynccontextmanager
async def producing(settings: Settings) -> AsyncIterator[Any]:
    producer = AIOKafkaProducer(**client_options(settings), acks="all")
    await producer.start()

    async def send(message: Segments | ContentResultMessage | str) -> None:
        spec = topics.CONTENT_RESULT if isinstance(message, ContentResultMessage) else topics.SEGMENTS
        video_id, value = message, None  # erased
        if isinstance(message, ContentResultMessage):
            video_id, value = message.header.video_id, codec.encode(spec, message)
        elif isinstance(message, Segments):
            video_id, value = message.video_id, codec.encode(spec, message)
        partition = topics.video_partition(str(video_id), spec.partitions)
        await producer.send(settings.topic(spec.name), value, key=str(video_id).encode(), partition=partition)

    try:
        yield send
        await producer.flush()
    finally:
        await producer.stop()


async def order(settings: Settings, *orders: Control) -> None:
    producer = AIOKafkaProducer(**client_options(settings), acks="all")
    await producer.start()
    try:
        for one in orders:
            value = codec.encode(topics.CONTROL, one)
            await producer.send_and_wait(settings.topic(topics.CONTROL.name), value, key=one.video_id.encode())
    finally:
        await producer.stop()


def publish(settings: Settings, messages: Sequence[Segments | ContentResultMessage | str]) -> None:
    async def send_all() -> None:
        async with producing(settings) as send:
            for message in messages:
                await send(message)

    asyncio.run(send_all())


def compared(running_: Pipeline) -> Verified:
    """The database against the topics, as `clipstream db verify` does it."""

    results, contents = asyncio.run(of_topics(running_.settings))
    return verify(running_.settings, results, chunk_checksums(contents), running_.blobs)


def through(running_: Pipeline) -> Verified:
    until(lambda: running_.lag("sink") == 0, "the sink has committed everything", 240)
    return compared(running_)


def many(running_: Pipeline, videos: int, seed: int = 0) -> list[Any]:
    """Three results and two chunks of each video, shuffled, and a fifth of them twice."""
    made: list[Any] = []
    for n in range(videos):
        name = f"v{n:03}"
        made += [
            result(running_.blobs, name, 0, 1, words=DAY[:1], status="provisional"),
            result(running_.blobs, name, 0, 2, words=DAY[: 1 + n % 3]),
            result(running_.blobs, name, n % 2, 2, enriched=True, words=(*DAY, f"number {n}")),
            content(name, 0, seed=n),
            content(name, 1, n % 2, seed=n),
        ]
    made += made[::5]
    random.Random(seed).shuffle(made)
    return made


@contextmanager
def sinks(settings: Settings, count: int = 1) -> Iterator[Pipeline]:
    supervisor = Supervisor(settings, ("sink",), SYSTEM_CLOCK, copies={"sink": count})
    with Pipeline(settings, ("sink",), supervisor) as running_:
        yield running_


def test_a_video_is_in_the_database(pipeline, cluster_settings, postgres, sample, tmp_path):
    """Beside the agents of the whole run: the rows are those of the topics, also of what others submitted before."""
    whole = {"data_dir": tmp_path, "store_url": cluster_settings.store, "database_url": _whole(fresh(postgres))}
    settings = cluster_settings.model_copy(update=whole)
    database = Database(postgres.server, settings)
    with sinks(settings) as running_:
        made = pipeline.process(request(sample, "stored"), limit_s=240)[0]
        found = through(running_)
        assert found.differences == []
        assert found.videos >= 1
        counts = {
            name: database.rows(f"SELECT count(*) FROM clipstream.{name} WHERE video_id = 'stored'")[0][0]
            for name in ("segments", "utterances", "sentences")
        }
        assert counts["segments"] == len(made.segments) > 0
        assert counts["utterances"] > 0
        assert counts["sentences"] > 0
        missing = "SELECT count(*) FROM clipstream.segments WHERE video_id = 'stored' AND vector IS NULL"
        assert database.rows(missing) == [(0,)], "the vectors are those of the content agent"
        publish(settings, ["stored"])
        there = "SELECT 1 FROM clipstream.{} WHERE video_id = 'stored'"
        until(lambda: database.rows(there.format("videos")) == [], "what was erased is gone")
        assert database.rows(there.format("sentences")) == []
    password = settings.database_url.partition("@")[0].rpartition(":")[2]
    for log in settings.log_dir.rglob("*"):
        assert not log.is_file() or password not in log.read_text(errors="replace")


def test_postgres_is_killed_and_the_sink_waits_for_it(cluster_settings, tmp_path):
    """SIGKILL of the server while the sink writes, and again; nothing is lost, nobody crashes, no letter is dead."""
    with running(tmp_path / "db") as database:
        migrate.upgrade(database.settings)
        settings = settings_of(cluster_settings, tmp_path / "data", "away", database, sink_batch_records=20)
        with sinks(settings) as running_:
            messages = many(running_, 60)
            for part in (messages[:180], messages[180:]):
                publish(settings, part[:100])
                until(lambda: running_.lag("sink") < 100, "the sink has begun", 120)
                database.kill()
                publish(settings, part[100:])
                until(lambda: _waits(running_) != "", "it says that it waits", 120)
                assert "cannot be reached" in _waits(running_)
                database.start()
                until(lambda: _waits(running_) == "", "it goes on", 120)
            found = through(running_)
            assert found.differences == []
            assert found.videos == 60
            assert running_.crashes("sink") == []
            assert running_.read(topics.DEAD_LETTER) == []


def _waits(running_: Pipeline) -> str:
    """What the sink's `/healthz` says it waits for; it is well all the time."""
    notes = [note for note in living_workers(running_.settings.data_dir) if note["agent"] == "sink"]
    if not notes:
        return ""
    with urlopen(f"http://127.0.0.1:{notes[0]['port']}/healthz", timeout=60) as answer:
        told = json.loads(answer.read())
    assert told["ok"]
    return str(told["waits_for"])


def test_two_sinks_are_killed_in_turn_among_repeats_and_older_results(cluster_settings, postgres, tmp_path):
    """Shuffled revisions and repeats, two workers, each killed while it writes: every row is as the topic says."""
    settings = settings_of(cluster_settings, tmp_path, "twins", fresh(postgres), sink_batch_records=10)
    with sinks(settings, 2) as running_:
        first, second = many(running_, 40, 1), many(running_, 40, 2)
        publish(settings, first)
        until(lambda: running_.lag("sink") < len(first), "the sinks have begun")
        for child in running_.supervisor.children:
            publish(settings, second[:100])
            until(lambda child=child: child.process is not None, "it runs")
            os.kill(child.process.pid, signal.SIGKILL)
            until(lambda child=child: child.restarts > 0, "it is started again")
        publish(settings, second[100:])
        found = through(running_)
        assert found.differences == []
        assert found.videos == 40
        assert running_.read(topics.DEAD_LETTER) == []
        # the same topic into another database, from its beginning and by one sink: the same rows
        again = settings.model_copy(
            update={
                "database_url": _whole(fresh(postgres)),
                "data_dir": tmp_path / "again",
                "store_url": settings.store,
            }
        )
    sink = Sink(again, running_.blobs, SYSTEM_CLOCK, again=True)
    assert asyncio.run(refill(again, sink)).videos >= 40
    assert asyncio.run(refill(again, sink)).rows == 0
    sink.close()
    results = asyncio.run(latest_results(again))
    assert verify(again, results, {}, running_.blobs).checksum == verify(settings, results, {}, running_.blobs).checksum
    assert verify(again, results, {}, running_.blobs).differences == []


def test_a_refill_tells_only_of_documents_that_newest_results_lack(cluster_settings, postgres, tmp_path, monkeypatch):
    """Those of the results before were collected."""
    settings = settings_of(cluster_settings, tmp_path, "refill", fresh(postgres))
    blobs, elsewhere = BlobStore(settings.store), BlobStore(str(tmp_path / "elsewhere"))
    replaced, newest = result(elsewhere, "a", words=("collected",)), result(blobs, "a", 0, 2)
    publish(settings, [replaced, newest, result(elsewhere, "b", words=("lost",))])
    monkeypatch.setattr("streams.database.refill._BATCH", 1)
    sink = Sink(settings, blobs, SYSTEM_CLOCK, again=True)
    found = asyncio.run(refill(settings, sink))
    sink.close()
    assert [record.key for record, _ in found.invalid] == [b"b"]
    assert verify(settings, {"a": newest}, {}, blobs).differences == []


def test_what_a_cancelled_video_means_is_refilled_and_verified(cluster_settings, postgres, tmp_path):
    """Its second look was called off. Of an erased one nothing is told."""
    settings = settings_of(cluster_settings, tmp_path, "orders", fresh(postgres))
    blobs, told = BlobStore(settings.store), [content("cancelled"), content("erased")]
    publish(settings, [result(blobs, "cancelled"), *told])
    asyncio.run(order(settings, Control("cancelled", "cancel", 1), Control("erased", "erase", 1)))
    orders = asyncio.run(orders_of(settings))
    sink = Sink(settings, blobs, SYSTEM_CLOCK, orders, again=True)
    asyncio.run(refill(settings, sink))
    sink.close()
    results, contents = asyncio.run(of_topics(settings))
    assert [one.header.video_id for one in contents] == ["cancelled"]
    found = verify(settings, results, chunk_checksums(contents), blobs)
    assert (found.differences, found.rows["sentences"]) == ([], len(DAY))
    database = Database(postgres.server, settings)
    assert database.rows("SELECT DISTINCT video_id FROM clipstream.sentences") == [("cancelled",)]
