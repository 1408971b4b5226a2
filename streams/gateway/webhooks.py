"""Webhooks: last results are sent to the `callback_url` of their request, at least once.

A consumer group over `segments`, which all gateways share: a record's offset is committed after its delivery, or after
the last try and a dead letter, in the order of the partition. A gateway that is killed in between is followed by
another one, which delivers again; the `webhook-id` is the same then, so that a receiver can tell.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError

from processors.errors import ClipstreamError, InvalidMessage, Retryable
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
_UNDER_WAY: Final = 64  # records that are delivered, or wait for their next try
# Records taken and not committed: a receiver that is tried for two minutes holds back the commits of its partition, not
# the deliveries behind it. As many come again at most when a gateway is killed then.
_NOT_COMMITTED: Final = 1_000
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 64.0
_COMMIT_S: Final = 1.0
_VIEW_S: Final = 5.0  # of its own: the wait of reads may be set to 0
_LAST_COMMIT_S: Final = 5.0  # without a broker it would be waited for when the gateway ends
_RESTART_S: Final = 2.0
# Nobody waits for older ones, and a group that is new here begins with all results there are.
_TOO_OLD_MS: Final = 3 * topics.DAY_MS
_UNKNOWN: Final = "Its request is not known, nor whether it has a callback (CLIPSTREAM_GATEWAY_VIDEOS)"
_POLL_LIMIT_MS: Final = 1_800_000  # at least
_LOOKUP_S: Final = 30.0  # of a name, which the limit of a try does not hold: three servers, each asked twice for 5 s


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
        self._round = 0  # how often partitions were taken from us: what was read before is read again

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
            max_poll_interval_ms=poll_limit_ms(self._settings),
        )
        consumer.subscribe([self._settings.topic(topics.SEGMENTS.name)], listener=_Listener(self, consumer))
        await connection.start(consumer, self._settings)
        committing = asyncio.create_task(self._commit_often(consumer))
        try:
            while True:
                if committing.done():
                    committing.result()
                await self._take(await consumer.getmany(timeout_ms=500, max_records=_UNDER_WAY))
        finally:
            committing.cancel()
            # whatever ended it: what was not committed is read again, and says the same again
            await asyncio.gather(committing, return_exceptions=True)
            await self.commit_last(consumer, await self.drop(list(self._next)))
            await connection.stop(consumer)

    async def _take(self, batch: dict[TopicPartition, list[Any]]) -> None:
        """Begin to deliver records, as far as there is room and their partitions stay ours meanwhile."""
        taken_in = self._round
        for place, records in batch.items():
            for record in records:
                await self._room()
                if self._round != taken_in:
                    return
                self._open.setdefault(place, {})[record.offset] = asyncio.create_task(self._one(record))
                self._next[place] = record.offset + 1

    async def _room(self) -> None:
        while self._held() >= _UNDER_WAY:
            self._tidy()
            running = [task for tasks in self._open.values() for task in tasks.values() if not task.done()]
            if len(running) < _UNDER_WAY and self._held() < _NOT_COMMITTED:
                return
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)

    def _held(self) -> int:
        return sum(map(len, self._open.values()))

    def _tidy(self) -> None:
        """Forget what is done, up to the first of a partition that is not."""
        for tasks in self._open.values():
            for offset in sorted(tasks):
                task = tasks[offset]
                if not task.done():
                    break
                if task.cancelled():  # not by us, who forget it then: its error would pass for the end of the gateway
                    raise Retryable("A delivery was cut short.", "It is tried again.")
                task.result()  # raises what nobody expected, and the task stays: not committed, so tried again
                del tasks[offset]

    async def drop(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Give up what is under way on partitions that go to another gateway.

        They are forgotten before anything is waited for, so that nobody who runs meanwhile takes them for ours.

        Returns:
            How far each is through without a gap.
        """
        self._round += 1
        at = self._through(places)
        tasks = [task for place in places for task in self._open.pop(place, {}).values()]
        for place in places:
            self._next.pop(place, None)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return at

    def _through(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        at = {}
        for place in places:
            tasks = self._open.get(place, {})
            left = [offset for offset in sorted(tasks) if not _came_through(tasks[offset])]
            if place in self._next:
                at[place] = left[0] if left else self._next[place]
        return at

    async def commit_last(self, consumer: AIOKafkaConsumer, at: dict[TopicPartition, int]) -> None:
        """Commit what `drop` returned, where the broker takes it; else it is delivered again."""
        with suppress(KafkaError, OSError):
            async with asyncio.timeout(_LAST_COMMIT_S):
                await _commit(consumer, at)

    async def _commit_often(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            await self._clock.sleep(_COMMIT_S)
            self._tidy()
            try:
                await _commit(consumer, self._through(list(self._next)))
            except CommitFailedError as error:  # partitions are dealt anew; the consumer sees to that
                log.info("What is delivered is committed later: %s", error)

    async def _one(self, record: Any) -> None:
        try:
            result: Segments = codec.decode(topics.SEGMENTS, record.value)
        except (InvalidMessage, RegistryAway):
            return
        if result.status not in TERMINAL or result.run.finished_at_ms < self._clock.now_ms() - _TOO_OLD_MS:
            return
        try:
            url = await self._url(result)
        except LookupError:
            WEBHOOKS.labels("not known").inc()
            log.warning("Whether video %s has a callback is not known: its request is not held.", result.video_id)
            await self._dead_letter(record, result, 0, "CallbackUnknown", f"{_UNKNOWN}.")
            return
        if url is None:
            return
        message_id, body = message_of(result)
        answer, tries = await self._tries(url, message_id, body)
        WEBHOOKS.labels("delivered" if answer.taken else "given up").inc()
        if not answer.taken:
            log.warning("Callback of video %s given up after %d tries: %s", result.video_id, tries, answer.why)
            kind = "CallbackUnreachable" if answer.again else "CallbackRefused"
            await self._dead_letter(record, result, tries, kind, f"The callback was not delivered: {answer.why}.")

    async def _url(self, result: Segments) -> str | None:
        """The callback of the request that a result is of.

        Raises:
            LookupError: that request is not known.
        """
        while not self._view.ready or not await self._view.caught_up(_VIEW_S):
            await self._clock.sleep(_COMMIT_S)
        return self._view.callback_url(result.video_id, result.generation)

    async def _tries(self, url: str, message_id: str, body: bytes) -> tuple[Answer, int]:
        most, pause = self._settings.gateway_webhook_tries, _FIRST_PAUSE_S
        secret = self._settings.gateway_webhook_secret.get_secret_value()
        number = 1
        while True:
            async with self._turns:  # not through the pauses, in which others have theirs
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

    async def _dead_letter(self, record: Any, result: Segments, tries: int, kind: str, reason: str) -> None:
        letter = DeadLetter(
            stage=STAGE,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=(record.key or b"")[:MAX_KEY_BYTES],
            value=(record.value or b"")[:MAX_RAW_BYTES],
            video_id=result.video_id,
            error_class=kind,
            reason=reason,
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
        at = await self._webhooks.drop(list(revoked))
        await self._webhooks.commit_last(self._consumer, at)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Nothing: records come."""


def poll_limit_ms(settings: Settings) -> int:
    """How long nothing may be polled before partitions go to another gateway, where all tries would begin anew.

    While there is no room a poll waits for the deliveries under way: each has all its tries and pauses, each try behind
    those of the others.
    """
    tries = settings.gateway_webhook_tries
    pauses_s = sum(min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0**number) for number in range(tries - 1))
    try_s = math.ceil(_UNDER_WAY / _AT_A_TIME) * (settings.gateway_webhook_timeout_s + _LOOKUP_S)
    return max(_POLL_LIMIT_MS, round((tries * try_s + pauses_s) * 1000))


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


async def _commit(consumer: AIOKafkaConsumer, at: dict[TopicPartition, int]) -> None:
    if at:
        await consumer.commit(at)


def _came_through(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


__all__ = ["STAGE", "Webhooks", "message_of", "poll_limit_ms"]
