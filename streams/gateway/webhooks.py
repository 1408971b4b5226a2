"""Webhooks: last results are sent to the `callback_url` of their request, at least once.

A consumer group over `segments`, which all gateways share: a record's offset is committed after its delivery, or after
the last try and a dead letter, in the order of the partition. A gateway that is killed in between is followed by
another one, which delivers again; the `webhook-id` is the same then, so that a receiver can tell.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from processors.errors import ClipstreamError, InvalidMessage
from schemas.messages import DeadLetter, Segments
from streams import codec, connection, topics
from streams.client import TERMINAL
from streams.clock import Clock
from streams.connection import client_options
from streams.dead_letters import MAX_KEY_BYTES, MAX_RAW_BYTES
from streams.gateway import shapes
from streams.gateway.calling import Answer, call
from streams.gateway.signing import signed_headers
from streams.gateway.view import View
from streams.metrics import WEBHOOKS
from streams.registry import RegistryAway
from streams.settings import Settings

log = logging.getLogger("clipstream.gateway")
STAGE: Final = "webhooks"
_AT_A_TIME: Final = 16
_UNDER_WAY: Final = 64  # records taken and not committed
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 64.0
_COMMIT_S: Final = 1.0
_RESTART_S: Final = 2.0
# Nobody waits for older ones, and a group that is new here begins with all results there are.
_TOO_OLD_MS: Final = 3 * topics.DAY_MS
_POLL_LIMIT_MS: Final = 1_800_000  # all tries of a record, with room


class Webhooks:
    """Delivers, in one of the gateways or in all.

    Args:
        settings: with a broker and a secret.
        clock: wall time of signatures, pauses.
        view: the requests, whose callback URLs these are.
        producer: for dead letters.
    """

    def __init__(self, settings: Settings, clock: Clock, view: View, producer: AIOKafkaProducer) -> None:
        self._settings = settings
        self._clock = clock
        self._view = view
        self._producer = producer
        self._threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="webhook")
        self._turns = asyncio.Semaphore(_AT_A_TIME)
        self._open: dict[TopicPartition, dict[int, asyncio.Task[None]]] = {}
        self._next: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        """Deliver, for ever; a broker that goes away is waited for."""
        try:
            while True:
                try:
                    await self._deliver()
                except (KafkaError, ClipstreamError, OSError) as error:
                    log.warning("Callbacks wait: %s", error)
                    await self._clock.sleep(_RESTART_S)
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _deliver(self) -> None:
        consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            group_id=self._settings.group(STAGE),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=round(self._settings.session_timeout_s * 1000),
            heartbeat_interval_ms=round(self._settings.heartbeat_s * 1000),
            max_poll_interval_ms=_POLL_LIMIT_MS,
        )
        consumer.subscribe([self._settings.topic(topics.SEGMENTS.name)], listener=_Listener(self, consumer))
        await connection.start(consumer, self._settings)
        committing = asyncio.create_task(self._commit_often(consumer))
        try:
            while True:
                if committing.done():
                    committing.result()
                batch = await consumer.getmany(timeout_ms=500, max_records=_UNDER_WAY)
                for place, records in batch.items():
                    for record in records:
                        await self._take(place, record)
        finally:
            committing.cancel()
            with suppress(asyncio.CancelledError, KafkaError):
                await committing
            await self.drop(list(self._open))
            with suppress(KafkaError, OSError):
                await self.commit(consumer, list(self._next))
            self._next.clear()
            await connection.stop(consumer)

    async def _take(self, place: TopicPartition, record: Any) -> None:
        while sum(len(tasks) for tasks in self._open.values()) >= _UNDER_WAY:
            running = [task for tasks in self._open.values() for task in tasks.values()]
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            self._tidy()
        self._open.setdefault(place, {})[record.offset] = asyncio.create_task(self._one(record))
        self._next[place] = record.offset + 1

    def _tidy(self) -> None:
        """Forget what is done, up to the first of a partition that is not."""
        for tasks in self._open.values():
            for offset in sorted(tasks):
                if not tasks[offset].done():
                    break
                tasks.pop(offset).result()  # raises what nobody expected: not committed, so tried again

    async def drop(self, places: Iterable[TopicPartition]) -> None:
        """Give up what is under way on partitions that go to another gateway."""
        for place in places:
            tasks = self._open.get(place, {})
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def commit(self, consumer: AIOKafkaConsumer, places: Iterable[TopicPartition]) -> None:
        """Commit how far each partition is through without a gap."""
        at = {}
        for place in places:
            tasks = self._open.get(place, {})
            done = [offset for offset in sorted(tasks) if not _came_through(tasks[offset])]
            if place in self._next:
                at[place] = done[0] if done else self._next[place]
        if at:
            await consumer.commit(at)

    def forget(self, places: Iterable[TopicPartition]) -> None:
        """Partitions are no longer ours."""
        for place in places:
            self._open.pop(place, None)
            self._next.pop(place, None)

    async def _commit_often(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            await self._clock.sleep(_COMMIT_S)
            self._tidy()
            await self.commit(consumer, list(self._next))

    async def _one(self, record: Any) -> None:
        try:
            result: Segments = codec.decode(topics.SEGMENTS, record.value)
        except (InvalidMessage, RegistryAway):
            return
        if result.status not in TERMINAL or result.run.finished_at_ms < self._clock.now_ms() - _TOO_OLD_MS:
            return
        url = await self._url(result)
        if url is None:
            return
        message_id, body = message_of(result)
        async with self._turns:
            answer, tries = await self._tries(url, message_id, body)
        WEBHOOKS.labels("delivered" if answer.taken else "given up").inc()
        if not answer.taken:
            log.warning("Callback of video %s given up after %d tries: %s", result.video_id, tries, answer.why)
            await self._dead_letter(record, result, answer, tries)

    async def _url(self, result: Segments) -> str | None:
        """The callback of the request that a result is of."""
        while not self._view.ready or not await self._view.caught_up():
            await self._clock.sleep(_COMMIT_S)
        video = self._view.videos.get(result.video_id)
        request = None if video is None else video.requests.get(result.generation)
        return None if request is None else request.options.callback_url

    async def _tries(self, url: str, message_id: str, body: bytes) -> tuple[Answer, int]:
        most, pause = self._settings.gateway_webhook_tries, _FIRST_PAUSE_S
        secret = self._settings.gateway_webhook_secret.get_secret_value()
        number = 1
        while True:
            headers = signed_headers(secret, message_id, self._clock.now_ms() // 1000, body)
            answer = await asyncio.get_running_loop().run_in_executor(
                self._threads, call, url, body, headers, self._settings
            )
            if answer.taken or not answer.again or number == most:
                return answer, number
            WEBHOOKS.labels("tried").inc()
            # between a half and the whole, so that those of a receiver that comes back do not come at once
            await self._clock.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(_LONGEST_PAUSE_S, pause * 2)
            number += 1

    async def _dead_letter(self, record: Any, result: Segments, answer: Answer, tries: int) -> None:
        letter = DeadLetter(
            stage=STAGE,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=(record.key or b"")[:MAX_KEY_BYTES],
            value=(record.value or b"")[:MAX_RAW_BYTES],
            video_id=result.video_id,
            error_class="CallbackRefused" if not answer.again else "CallbackUnreachable",
            reason=f"The callback was not delivered: {answer.why}.",
            trace="",
            attempts=tries,
            at_ms=self._clock.now_ms(),
        )
        name = self._settings.topic(topics.DEAD_LETTER.name)
        await self._producer.send_and_wait(name, codec.encode(topics.DEAD_LETTER, letter), key=letter.key)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, webhooks: Webhooks, consumer: AIOKafkaConsumer) -> None:
        self._webhooks, self._consumer = webhooks, consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Stop what is under way there, and commit what is through."""
        places = list(revoked)
        await self._webhooks.drop(places)
        with suppress(KafkaError, OSError):
            await self._webhooks.commit(self._consumer, places)
        self._webhooks.forget(places)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Nothing: records come."""


def message_of(result: Segments) -> tuple[str, bytes]:
    """Id and body of the message for a result, the same for every try and from every gateway."""
    told = shapes.result_told(result)
    del told["run"]
    known = f"{result.video_id}\0{result.generation}\0{result.revision}\0{int(result.enriched)}"
    body = {
        "type": f"video.{result.status}",
        "timestamp": shapes.utc(result.run.finished_at_ms),
        "data": {**told, "links": shapes.links(result.video_id)},
    }
    return "msg_" + hashlib.sha256(known.encode()).hexdigest()[:32], orjson.dumps(body)


def _came_through(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


__all__ = ["STAGE", "Webhooks", "message_of"]
