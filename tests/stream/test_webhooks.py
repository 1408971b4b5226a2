"""Callbacks on a real broker while members of their group come and go, to a receiver that refuses for a while."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from pydantic import SecretStr

from schemas.messages import Run, Segments
from streams import codec, topics
from streams.admin import create_topics
from streams.clock import SYSTEM_CLOCK
from streams.connection import client_options
from streams.gateway.webhooks import STAGE, Webhooks
from streams.groups import committed_offsets
from streams.settings import Settings
from tests.gateways import SECRET, Receiver

pytestmark = [pytest.mark.stream, pytest.mark.timeout(300)]
EACH = 100


class _View:
    """What a gateway knows: every video was submitted with a callback."""

    ready = True

    def __init__(self, url: str) -> None:
        self.asked = 0
        self._url = url

    async def caught_up(self, _limit_s: float) -> bool:
        return True

    def callback_url(self, _video_id: str, _generation: int) -> str:
        self.asked += 1
        return self._url


async def _until(condition: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(90):
            while not condition():
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"not within 90 s: {what}")


def test_members_come_and_go(cluster_settings: Settings, tmp_path: Path):
    settings = cluster_settings.model_copy(
        update={
            "topic_prefix": "webhooks-",
            "data_dir": tmp_path,
            "gateway_webhook_secret": SecretStr(SECRET),
            "gateway_webhook_tries": 30,
        }
    )
    asyncio.run(create_topics(settings))
    asyncio.run(_come_and_go(settings))


async def _come_and_go(settings: Settings) -> None:
    producer = AIOKafkaProducer(**client_options(settings), acks="all")
    await producer.start()
    name = settings.topic(topics.SEGMENTS.name)
    places = [TopicPartition(name, number) for number in range(topics.VIDEO_PARTITIONS)]
    sent = dict.fromkeys(places, 0)

    async def write(first: int) -> None:
        now, under_way = SYSTEM_CLOCK.now_ms(), []
        for number in range(first, first + EACH):
            result = Segments(
                f"v{number}", 0, 1, False, "final", None, 60_000, "", ["en"], 0.5, [], [], None, None,
                Run([], [], 0.0, now, now),
            )  # type: ignore[arg-type]  # fmt: skip
            place = places[number % len(places)]
            value, key = codec.encode(topics.SEGMENTS, result), result.video_id.encode()
            under_way.append(await producer.send(name, value, key=key, partition=place.partition))
            sent[place] += 1
        await asyncio.gather(*under_way)

    with Receiver() as receiver:
        views = [_View(f"http://127.0.0.1:{receiver.port}/hook") for _ in range(2)]
        one, other = (Webhooks(settings, SYSTEM_CLOCK, view, producer) for view in views)  # type: ignore[arg-type]
        receiver.broken.set()
        await write(0)
        tasks = [asyncio.create_task(one.run())]
        try:
            await _until(lambda: views[0].asked >= 64, "the first has as many under way as it takes")
            tasks.append(asyncio.create_task(other.run()))
            await _until(lambda: views[1].asked > 0, "the second has partitions")
            receiver.broken.clear()
            await write(EACH)
            tasks[0].cancel()
            await asyncio.wait(tasks[:1])

            def delivered() -> set[str]:
                return {json.loads(body)["data"]["video_id"] for _, body in list(receiver.got)}

            await _until(lambda: len(delivered()) == 2 * EACH, "all are delivered")
            while (committed := await committed_offsets(settings, STAGE, places)) != sent:
                assert not tasks[1].done()
                await asyncio.sleep(0.2)
            assert committed == sent
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await producer.stop()
