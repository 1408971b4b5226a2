"""The sink's guarded loop: what waits becomes a batch, and its events are acked when the batch is committed.

While one batch is written, records come in; the next batch is all of them, up to a limit. So an idle sink writes a
record at once and a busy one many together, and nothing ever waits for a batch to fill. One batch at a time, in the
order of arrival: acks keep that order too. `streams/stage.py` does the same for stages that work item by item.

==================  ===========================================================================
what is raised      what happens
==================  ===========================================================================
Retryable           the database or the blob store is away: the same batch again, for as long as it takes
StatementTooLong    halves of the batch; of one record the same again, as above
InvalidMessage      halves of the batch, down to the record that is refused: dead letter, ack
unknown             likewise, and counted against the limit of a stage
Fatal               the worker exits without an ack; the supervisor starts it again
==================  ===========================================================================

When partitions are taken away, what waits is forgotten, and a batch is not tried again: their next owner has its
records.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from processors.blobs import BlobMissing
from processors.errors import Fatal, InvalidMessage, Retryable
from streams import dead_letters, metrics
from streams.clock import Clock
from streams.database.connection import StatementTooLong
from streams.database.sink import Outcome
from streams.dead_letters import FailureMeter
from streams.health import Health
from streams.leaving import exit_worker
from streams.publisher import Publisher
from streams.settings import Settings

NAME: Final = "sink"
# Records of content have some 20 kB, a result up to 1 MB.
MAX_WAITING_BYTES: Final = 64_000_000
MAX_BACK_OFF_S: Final = 15.0  # a database that is back is found within this time
log = logging.getLogger("clipstream.stage")


class TakenAway(Exception):
    """The partitions of a batch are another worker's by now."""


class Takes(Protocol):
    """What writes a batch; see `streams.database.sink.Sink`."""

    def take(self, records: Sequence[Any]) -> Outcome:
        """Write what records say."""
        ...


class SinkLoop:
    """Takes raw events, hands them to the sink in batches, acks them in order.

    Args:
        sink: writes them, in a thread.
        settings: limits.
        publisher: of dead letters.
        clock: back-off and times.
        leave: called with what must stop the worker.
    """

    def __init__(
        self,
        sink: Takes,
        settings: Settings,
        publisher: Publisher,
        clock: Clock,
        leave: Callable[[BaseException], None] = exit_worker,
    ) -> None:
        self._sink, self._settings, self._publisher = sink, settings, publisher
        self._clock, self._leave = clock, leave
        self.health: Health | None = None
        self._waiting: deque[Any] = deque()  # events
        self._bytes = 0
        self._held: Counter[Any] = Counter()  # partition -> un-acked events
        self._changed = asyncio.Condition()
        self._writing = False
        self._epoch = 0  # how often partitions were taken away
        self._batch_epoch = 0  # when the batch in hand was
        self._moved_s = clock.monotonic_s()
        self._offered_s: float | None = None
        self._meter = FailureMeter(settings.dead_letter_max_consecutive, settings.dead_letter_max_ratio)
        self._jitter = random.Random(0)  # noqa: S311  spreads retries; nothing secret

    def holds(self, partition: Any) -> bool:
        """Whether records of a partition are in hand, or there is no room for any."""
        return not self._has_room() or self._held[partition] > 0

    async def drop(self, *_: Any, **__: Any) -> None:
        """The partitions are taken away: forget what waits. A batch that is being written ends, and is not repeated."""
        async with self._changed:
            self._epoch += 1
            self._waiting.clear()
            self._held.clear()
            self._bytes = 0
            self._changed.notify_all()

    def still_s(self) -> float:
        """How long nothing was done although there is work; each try of a database that is away is something."""
        return self._clock.monotonic_s() - self._moved_s if self._writing else 0.0

    def blocked_s(self) -> float:
        """How long a record has waited for room."""
        return 0.0 if self._offered_s is None else self._clock.monotonic_s() - self._offered_s

    async def run(self, stream: Any) -> None:
        """The agent's body. Never returns by itself; whatever ends it leaves its events un-acked."""
        writer = asyncio.create_task(self._write())
        try:
            async for event in stream.noack().events():
                self._offered_s, epoch = self._clock.monotonic_s(), self._epoch
                async with self._changed:
                    await self._changed.wait_for(self._has_room)
                    self._offered_s = None
                    if epoch != self._epoch:
                        continue
                    self._waiting.append(event)
                    self._bytes += _size(event)
                    self._held[event.message.tp] += 1
                    self._changed.notify_all()
        finally:
            writer.cancel()

    def _has_room(self) -> bool:
        return len(self._waiting) < self._settings.sink_batch_records and self._bytes < MAX_WAITING_BYTES

    async def _write(self) -> None:
        try:
            while True:
                async with self._changed:
                    await self._changed.wait_for(lambda: bool(self._waiting))
                    events = list(self._waiting)
                    self._waiting.clear()
                    self._bytes, self._batch_epoch = 0, self._epoch
                    self._changed.notify_all()
                self._moved_s, self._writing = self._clock.monotonic_s(), True
                try:
                    await self._through([event.message for event in events])
                except TakenAway:
                    self._waits_for("")
                    continue
                finally:
                    self._writing = False
                for event in events:
                    event.ack()
                    if self._batch_epoch == self._epoch:
                        self._held[event.message.tp] -= 1
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._leave(error)

    async def _through(self, records: Sequence[Any]) -> None:
        """Write records; returns when they are written or among the dead letters."""
        tries = 0
        while True:
            if self._batch_epoch != self._epoch:
                raise TakenAway
            try:
                outcome = await asyncio.to_thread(self._sink.take, records)
            except Retryable as error:
                tries += 1
                if isinstance(error, StatementTooLong) and len(records) > 1:
                    metrics.count_retry(NAME, error)
                    await self._refused(records, error, tries)
                    return
                await self._wait(error, tries)
                continue
            except Fatal:
                raise
            except Exception as error:
                await self._refused(records, error, tries + 1)
                return
            self._is_back()
            self._count(outcome)
            for record, invalid in outcome.invalid:
                await self._give_up(record, invalid, 1, "failed" if isinstance(invalid, BlobMissing) else "invalid")
            written = len(records) - len(outcome.invalid)
            metrics.ITEMS.labels(NAME, "ok").inc(written)
            if written:
                self._meter.success()
            return

    async def _refused(self, records: Sequence[Any], error: Exception, tries: int) -> None:
        if len(records) > 1:
            self._moved_s = self._clock.monotonic_s()
            middle = len(records) // 2
            await self._through(records[:middle])
            await self._through(records[middle:])
            return
        await self._give_up(records[0], error, tries, "failed")
        if not isinstance(error, InvalidMessage):
            self._meter.failure()

    async def _wait(self, error: Retryable, tries: int) -> None:
        """Let some time pass, and say for what."""
        if tries == 1:
            log.warning("waiting: %s %s", error.reason, error.remedy)
        metrics.count_retry(NAME, error)
        self._waits_for(error.reason)
        self._moved_s = self._clock.monotonic_s()
        limit = min(MAX_BACK_OFF_S, self._settings.retry_base_s * 2.0 ** min(tries - 1, 10))
        await self._clock.sleep(limit * self._jitter.uniform(0.5, 1.0))
        self._moved_s = self._clock.monotonic_s()

    def _is_back(self) -> None:
        if self.health is not None and self.health.waits_for:
            log.warning("goes on; it waited because: %s", self.health.waits_for)
        self._waits_for("")

    def _waits_for(self, reason: str) -> None:
        metrics.SINK_WAITING.set(1 if reason else 0)
        if self.health is not None:
            self.health.waits_for = reason

    def _count(self, outcome: Outcome) -> None:
        self._moved_s = self._clock.monotonic_s()
        metrics.SINK_BATCHES.inc(outcome.batches)
        metrics.SINK_ROWS.inc(outcome.rows)
        metrics.SINK_SECONDS.inc(outcome.seconds)

    async def _give_up(self, raw: Any, error: Exception, attempts: int, status: str) -> None:
        metrics.count_error(NAME, error)
        metrics.count_dead_letter(NAME, error)
        metrics.ITEMS.labels(NAME, status).inc()
        log.warning("%s: dead letter: %s", raw.topic, dead_letters.reason_of(error))
        letter = dead_letters.letter(
            stage=NAME,
            topic=raw.topic,
            partition=raw.partition,
            offset=raw.offset,
            key=raw.key,
            value=raw.value,
            video_id=None if raw.key is None else raw.key.decode(errors="replace"),
            error=error,
            attempts=attempts,
            at_ms=self._clock.now_ms(),
        )
        await self._publisher.dead_letter(letter)


def _size(event: Any) -> int:
    return len(event.message.value or b"")


__all__ = ["MAX_WAITING_BYTES", "NAME", "SinkLoop"]
