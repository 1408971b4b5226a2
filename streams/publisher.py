"""Sends messages and waits until Kafka has them: key, lane, partition and bytes come from the catalogue.

What is published while an event is worked on has that event's priority.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, Final, TypeVar

import faust

from schemas.messages import DeadLetter, Header, Progress
from streams import codec, topics, tracing
from streams.app import raw_topic
from streams.clock import Clock
from streams.current import current
from streams.frozen import ensure_awake
from streams.metrics import OUTPUTS
from streams.priorities import headers_of
from streams.settings import Settings
from streams.telling import RUNNING, Teller
from streams.topics import TopicSpec

M = TypeVar("M")
_LAST_WORDS_S: Final = 2.0  # a broker that is away must not keep a worker from stopping


class Publisher:
    """Publishes for one stage of one app.

    Args:
        app: the Faust app whose producer is used.
        settings: names of topics.
        stage: name of the stage, for metrics.
        clock: wall time of progress records.
    """

    def __init__(self, app: faust.App, settings: Settings, stage: str, clock: Clock) -> None:
        self._topics = {spec.name: raw_topic(app, settings, spec) for spec in topics.ALL}
        self._stage = stage
        self._clock = clock
        self._teller = Teller(self._tell, clock)
        # sent when records are no longer taken, and before the producer is flushed
        app.on_before_shutdown.connect(self._last_words)

    async def item(self, spec: TopicSpec[M], header: Header, message: M) -> Awaitable[Any]:
        """Queue a record with a header; what it returns is awaited until the record is delivered.

        Raises:
            RecordTooLarge: above the broker's limit.
        """
        if spec.keyed_by_video:
            key, partition = header.video_id.encode(), topics.video_partition(header.video_id, spec.partitions)
        else:
            spec = topics.lane(spec, current().priority)
            key = topics.item_key(header.video_id, header.index)
            partition = topics.item_partition(header.video_id, header.index, spec.partitions)
        return await self._queue(spec, key, codec.encode(spec, message), partition)

    async def video(self, spec: TopicSpec[M], video_id: str, message: M) -> None:
        """Publish a record keyed by video; returns when it is delivered."""
        partition = topics.video_partition(video_id, spec.partitions)
        await self._send(spec, video_id.encode(), codec.encode(spec, message), partition)

    async def dead_letter(self, message: DeadLetter) -> None:
        """Publish a dead letter; returns when it is delivered."""
        await self._send(topics.DEAD_LETTER, message.key, codec.encode(topics.DEAD_LETTER, message), None)

    async def progress(
        self,
        header: Header,
        *,
        done: int,
        total: int | None = None,
        position_ms: int | None = None,
        status: str = RUNNING,
        note: str | None = None,
    ) -> None:
        """Tell where the stage is. Not awaited to delivery: a lost progress record costs nothing."""
        await self._teller.tell(
            Progress(
                video_id=header.video_id,
                generation=header.generation,
                stage=self._stage,
                index=header.index,
                done=done,
                total=total,
                position_ms=position_ms,
                status=status,
                note=note,
                at_ms=self._clock.now_ms(),
            )
        )

    async def _last_words(self, *_: Any, **__: Any) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._teller.flush(), _LAST_WORDS_S)

    async def _tell(self, message: Progress) -> None:
        spec = topics.PROGRESS
        partition = topics.video_partition(message.video_id, spec.partitions)
        await self._topics[spec.name].send(
            key=message.video_id.encode(), value=codec.encode(spec, message), partition=partition
        )

    async def _send(self, spec: TopicSpec[Any], key: bytes | None, value: bytes, partition: int | None) -> None:
        # the first await queues the record, the second one waits until the broker has it
        await (await self._queue(spec, key, value, partition))

    async def _queue(
        self, spec: TopicSpec[Any], key: bytes | None, value: bytes, partition: int | None
    ) -> Awaitable[Any]:
        ensure_awake()
        traced, span = tracing.publish(spec.name)
        headers = [*headers_of(current().priority), *(traced or {}).items()]
        delivery: Awaitable[Any] = await self._topics[spec.name].send(
            key=key, value=value, partition=partition, headers=headers
        )
        tracing.ended_with(span, delivery)
        OUTPUTS.labels(self._stage, spec.name).inc()
        return delivery
