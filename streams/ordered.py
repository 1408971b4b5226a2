"""Records of several partitions as one stream, by their time; each partition as far as it reached at the start."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams import connection
from streams.connection import client_options
from streams.settings import Settings

_POLL_MS: Final = 200
_FETCH: Final = 500  # records of a partition held ahead


async def in_order(settings: Settings, *places: TopicPartition) -> AsyncIterator[Any]:
    """The records of these partitions, the oldest first; of one partition always in its own order."""
    consumer = AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False)
    try:
        await connection.start(consumer, settings)
        consumer.assign(list(places))
        starts, ends = await consumer.beginning_offsets(list(places)), await consumer.end_offsets(list(places))
        readers = {place: _Reader(consumer, place, ends[place]) for place in places}
        for place in places:
            consumer.seek(place, starts[place])
        while heads := {place: head for place in places if (head := await readers[place].head()) is not None}:
            first = min(heads, key=lambda place: (heads[place].timestamp, place))
            yield readers[first].ahead.popleft()
    finally:
        await connection.stop(consumer)


class _Reader:
    """Reads one of a consumer's partitions."""

    def __init__(self, consumer: AIOKafkaConsumer, place: TopicPartition, end: int) -> None:
        self._consumer, self._place, self._end = consumer, place, end
        self.ahead: deque[Any] = deque()

    async def head(self) -> Any | None:
        """The next record, or None at the end."""
        # positions, not records: compaction leaves gaps at the end
        while not self.ahead and await self._consumer.position(self._place) < self._end:
            batch = await self._consumer.getmany(self._place, timeout_ms=_POLL_MS, max_records=_FETCH)
            for records in batch.values():
                self.ahead.extend(record for record in records if record.offset < self._end)
        return self.ahead[0] if self.ahead else None


__all__ = ["in_order"]
