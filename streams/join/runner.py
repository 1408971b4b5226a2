"""Runs the state machine over the joined topics: events in, rows, emissions, and the ack last.

Order of the effects of one event: its row; the state with what it decided (the intent); the emission; the state
without it; old rows deleted; the state without an intent; ack. After a crash the four topics may be read on in another
order, so the event that was cut off may come behind others. Whichever comes first of that video carries out the intent
before anything else, from the same rows: the same emission with the same bytes.

A record that kills the process, from its decoding on, is a dead letter after five deaths (`streams/attempts.py`). Those
that were in hand with it are taken one at a time when they come back, so that it is blamed alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from processors.blobs import BlobStore
from processors.errors import InvalidMessage, WorkerDied
from schemas.messages import Header
from streams import dead_letters, metrics, topics, tracing
from streams.attempts import MAX_WORKER_DEATHS, Attempts
from streams.clock import Clock
from streams.current import Current, working_on
from streams.join.emission import Gathered, gather, joined
from streams.join.machine import Part, Timer, advance
from streams.join.parts import JOINED_TOPICS, event_of
from streams.join.row import swept_keys
from streams.join.rows import Rows
from streams.join.state import Emit, Intent, JoinState
from streams.leaving import exit_worker
from streams.priorities import level_of, priority_of
from streams.publisher import Publisher
from streams.registry import RegistryAway
from streams.settings import Settings
from streams.window import InOrderWindow

Unreadable = InvalidMessage | RegistryAway | WorkerDied
log = logging.getLogger("clipstream.join")
STAGE = "joiner"
# An event waits for one or two deliveries, and those of a video come in runs. 32 events of different videos share their
# round trips; among 256 in hand there are enough of them.
EVENTS_AT_A_TIME: Final = 32
EVENTS_IN_HAND: Final = 256


class JoinRunner:
    """The joiner agent's body.

    Args:
        rows: the table.
        publisher: sends `video-joined`.
        blobs: takes the parts.
        settings: names of topics.
        clock: wall time.
        attempts: which records are in hand, for whoever comes after a worker that died; None where nobody does.
    """

    def __init__(
        self,
        rows: Rows,
        publisher: Publisher,
        blobs: BlobStore,
        settings: Settings,
        clock: Clock,
        attempts: Attempts | None = None,
    ) -> None:
        self._rows = rows
        self._attempts = attempts
        self._publisher = publisher
        self._priority_levels = settings.priority_levels
        self._blobs = blobs
        self._clock = clock
        self._window = InOrderWindow(EVENTS_AT_A_TIME, EVENTS_IN_HAND, exit_worker)
        self._moved_s = clock.monotonic_s()
        self._offered_s: float | None = None
        self._specs = {settings.topic(spec.name): spec for spec in JOINED_TOPICS}

    async def run(self, stream: Any) -> None:
        """Events of one video one after the other, of several side by side. Never returns by itself.

        Each runs in the context of the stream's event that it is about, which Faust's store asks for. What several
        write to one partition stays in the order of its changelog: deliveries end in the order in which they were
        queued, and a store is written in the same step of the event loop in which the last of an event's ends.
        """
        async for event in stream.noack().events():
            raw = event.message
            self._offered_s = self._clock.monotonic_s()
            try:
                suspect = await self._begun(raw)
                found = self._read(raw) if suspect < MAX_WORKER_DEATHS else _killer(suspect)
            except Exception as error:  # leaving the loop would ack the event: leave the process instead
                exit_worker(error)
            # by what the record says, not by its key: two events of a video at a time would each miss the other's part
            key = (raw.tp, raw.offset) if isinstance(found, Unreadable) else _video_of(found)
            if not self._window.in_flight:
                self._moved_s = self._offered_s  # the wait begins now, not when the last one ended
            await self._window.submit(raw.tp, key, partial(self._handle, raw, found), event.ack)
            if suspect:
                await self._window.idle()
            self._offered_s = None

    async def _begun(self, raw: Any) -> int:
        """Note that a record is in hand; returns at how many deaths of a worker it was, and is alone then."""
        if self._attempts is None:
            return 0
        deaths = self._attempts.deaths(raw)
        if deaths:
            await self._window.idle()
        self._attempts.begin(raw, deaths)
        return deaths

    async def _handle(self, raw: Any, found: Part | Timer | Unreadable, _leave_turn: Callable[[], None]) -> None:
        self._moved_s = self._clock.monotonic_s()
        # what it publishes is as urgent as the part that it came of
        level = level_of(priority_of(raw.headers), self._priority_levels)
        about = Current(STAGE, priority=level) if isinstance(found, Unreadable) else _about(found, level)
        with working_on(about), metrics.IN_FLIGHT.labels(STAGE).track_inprogress():
            await self._do(raw, found)
        self._moved_s = self._clock.monotonic_s()
        if self._attempts is not None:
            self._attempts.end(raw)

    async def abandon(self, *_: Any, **__: Any) -> None:
        """The partitions are taken away: their next owner must find a changelog to which this worker adds nothing."""
        await self._window.abandon()

    def holds(self, partition: Any) -> bool:
        """Whether records of a partition are in hand, or there is no room for any."""
        return self._window.holds(partition)

    def still_s(self) -> float:
        """How long nothing was finished although there is work; 0 without work."""
        return self._clock.monotonic_s() - self._moved_s if self._window.in_flight else 0.0

    def blocked_s(self) -> float:
        """How long a record has waited for room in the window."""
        return 0.0 if self._offered_s is None else self._clock.monotonic_s() - self._offered_s

    async def take(self, raw: Any) -> None:
        """Take one record; what it led to is safe when this returns."""
        await self._do(raw, self._read(raw))

    def _read(self, raw: Any) -> Part | Timer | Unreadable:
        spec = self._specs[raw.topic]
        try:
            event = event_of(spec, raw.value)
        except (InvalidMessage, RegistryAway) as error:  # nobody but us writes to these topics
            return error
        expected = topics.video_partition(_video_of(event), spec.partitions)
        if raw.partition != expected:
            return InvalidMessage(f"On partition {raw.partition} instead of {expected}.")
        return event

    async def _do(self, raw: Any, found: Part | Timer | Unreadable) -> None:
        if isinstance(found, Unreadable):
            await self._dead_letter(raw, found)
            return
        generation = found.generation if isinstance(found, Timer) else found.header.generation
        index = topics.index_of(raw.key) if isinstance(found, Timer) else found.header.index
        with tracing.item(STAGE, raw, _video_of(found), generation, index) as span:
            await self._join(found, _video_of(found), raw.partition)
            span.set_attribute("status", "ok")
        metrics.ITEMS.labels(STAGE, "ok").inc()

    async def _join(self, event: Part | Timer, video_id: str, partition: int) -> None:
        before = self._rows.state(video_id)
        if before is not None and before.intent is not None:
            await self.carry_out(partition, before)
        known = before.to_bytes() if before is not None else None
        step = advance(before, event, self._clock.now_ms(), self._rows.look)
        if step.state is None:
            if known is not None:
                await self._rows.forget(partition, video_id)
            return
        if step.rows or step.state.to_bytes() != known:
            await self._rows.keep(partition, step.rows, step.state)
        if step.state.intent is not None:
            await self.carry_out(partition, step.state)
        if step.stray:
            await self._rows.delete(partition, step.stray)

    async def carry_out(self, partition: int, state: JoinState) -> None:
        """Do what the state's intent says; each half is crossed out before the next is begun."""
        assert state.intent is not None
        emit, sweeps = state.intent.emit, state.intent.sweeps
        if emit is not None:
            await self._emit(state, emit)
            # with the first row deleted it could not be made again
            state.intent = Intent(None, sweeps) if sweeps else None
            await self._rows.keep(partition, (), state)
        if sweeps:
            for sweep in sweeps:
                await self._rows.delete(partition, swept_keys(state.video_id, sweep))
            state.intent = None
            await self._rows.keep(partition, (), state)

    async def _emit(self, state: JoinState, emit: Emit) -> None:
        found = gather(state, self._rows.look)
        wanted = found.parts and emit.completeness != "cancelled"
        uri = await asyncio.to_thread(self._store, state.video_id, found) if wanted else None
        await self._publisher.video(topics.VIDEO_JOINED, state.video_id, joined(state, emit, found, uri))
        await self._publisher.progress(_header(state, found), done=1, total=None, status=emit.completeness)
        log.info("%s: %s, revision %d, %d parts", state.video_id, emit.completeness, state.revision, len(found.parts))

    def _store(self, video_id: str, found: Gathered) -> str:
        return self._blobs.put(found.to_blob(video_id))

    async def _dead_letter(self, raw: Any, error: Unreadable) -> None:
        metrics.ITEMS.labels(STAGE, "invalid").inc()
        metrics.count_error(STAGE, error)
        metrics.count_dead_letter(STAGE, error)
        log.warning("dead letter from %s: %s", raw.topic, error.reason)
        await self._publisher.dead_letter(
            dead_letters.letter(
                stage=STAGE,
                topic=raw.topic,
                partition=raw.partition,
                offset=raw.offset,
                key=raw.key,
                value=raw.value,
                video_id=None,
                error=error,
                attempts=MAX_WORKER_DEATHS if isinstance(error, WorkerDied) else 1,
                at_ms=self._clock.now_ms(),
            )
        )


def _killer(deaths: int) -> WorkerDied:
    return WorkerDied(f"The joiner died {deaths} times while it had this record in hand.")


def _about(event: Part | Timer, level: int) -> Current:
    if isinstance(event, Timer):
        return Current(STAGE, event.video_id, event.generation, None, level)
    header = event.header
    return Current(STAGE, header.video_id, header.generation, header.index, level)


def _video_of(event: Part | Timer) -> str:
    return event.video_id if isinstance(event, Timer) else event.header.video_id


def _header(state: JoinState, found: Gathered) -> Header:
    return Header(
        video_id=state.video_id,
        generation=state.generation,
        stage=STAGE,
        index=state.revision,
        status="ok",
        error=None,
        attempt=1,
        options=found.about.options,
        fresh_from=found.about.fresh_from,
        took_ms=0,
        cached=False,
    )
