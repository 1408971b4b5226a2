"""Runs the state machine over the joined topics: events in, rows, emissions, and the ack last.

Order of the effects of one event: parts kept, emission delivered, state kept, old parts deleted, ack. A crash between
any two of them repeats the event against the old state, which makes the same emission with the same bytes.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from processors.blobs import BlobStore
from processors.errors import InvalidMessage
from schemas.messages import Header, VideoJoined
from streams import dead_letters, metrics, topics
from streams.clock import Clock
from streams.join.machine import DeleteRows, Emit, Part, PutRow, Timer, advance
from streams.join.parts import JOINED_TOPICS, assemble, event_of
from streams.join.rows import Rows
from streams.join.state import JoinState
from streams.leaving import exit_worker
from streams.publisher import Publisher
from streams.settings import Settings

log = logging.getLogger("clipstream.join")
STAGE = "joiner"
LONG_S = 1.0


class JoinRunner:
    """The joiner agent's body.

    Args:
        rows: the table.
        publisher: sends `video-joined`.
        blobs: takes the parts.
        settings: names of topics.
        clock: wall time.
    """

    def __init__(self, rows: Rows, publisher: Publisher, blobs: BlobStore, settings: Settings, clock: Clock) -> None:
        self._rows = rows
        self._publisher = publisher
        self._blobs = blobs
        self._clock = clock
        self._taken_s: float | None = None
        self._specs = {settings.topic(spec.name): spec for spec in JOINED_TOPICS}

    async def run(self, stream: Any) -> None:
        """One event after the other: the table may only be written within the stream's current event."""
        async for event in stream.noack().events():
            self._taken_s = self._clock.monotonic_s()
            try:
                await self._take(event.message)
            except Exception as error:  # leaving the loop would ack the event: leave the process instead
                exit_worker(error)
            event.ack()
            self._taken_s = None

    def holds(self, _partition: Any) -> bool:
        """Whether one event takes long: no other one can be taken then. Events take milliseconds."""
        return self.still_s() > LONG_S

    def still_s(self) -> float:
        """How long the event in hand has taken; 0 without one."""
        taken_s = self._taken_s
        return 0.0 if taken_s is None else self._clock.monotonic_s() - taken_s

    def blocked_s(self) -> float:
        """See `streams.liveness.Hand`: one event at a time, so the next one waits as long."""
        return self.still_s()

    async def _take(self, raw: Any) -> None:
        spec = self._specs[raw.topic]
        try:
            event = event_of(spec, raw.value)
        except InvalidMessage as error:
            await self._dead_letter(raw, error)
            return
        video_id = event.video_id if isinstance(event, Timer) else event.header.video_id
        expected = topics.video_partition(video_id, spec.partitions)
        if raw.partition != expected:
            await self._dead_letter(raw, InvalidMessage(f"On partition {raw.partition} instead of {expected}."))
            return
        await self._join(event, video_id, raw.partition)
        metrics.ITEMS.labels(STAGE, "ok").inc()

    async def _join(self, event: Part | Timer, video_id: str, partition: int) -> None:
        before = self._rows.state(video_id)
        known = before.to_bytes() if before is not None else None
        state, actions = advance(before, event, self._clock.now_ms())
        for action in actions:
            if isinstance(action, PutRow):
                await self._rows.put_part(partition, action.key, action.content)
        for action in actions:
            if isinstance(action, Emit):
                assert state is not None
                await self._emit(state, action)
        if state is not None and state.to_bytes() != known:
            await self._rows.put_state(partition, state)
        for action in actions:
            if isinstance(action, DeleteRows):
                await self._rows.delete(partition, action.keys)

    async def _emit(self, state: JoinState, emit: Emit) -> None:
        rows = [(key.split("|")[2], content) for key in emit.keys if (content := self._rows.part(key)) is not None]
        uri = None
        if rows:
            uri = await asyncio.to_thread(self._store, state, rows)
        message = VideoJoined(
            video_id=state.video_id,
            generation=state.generation,
            revision=emit.revision,
            completeness=emit.completeness,
            parts_uri=uri,
            until_ms=emit.until_ms,
            missing=list(emit.missing),
            error=emit.error,
            options=state.options,
            fresh_from=state.fresh_from,
            started_at_ms=state.started_at_ms,
            stages=[state.runs[stage] for stage in sorted(state.runs)],
        )
        await self._publisher.video(topics.VIDEO_JOINED, state.video_id, message)
        await self._publisher.progress(_header(state, emit), done=1, total=None, status=emit.completeness)
        log.info("%s: %s, revision %d, %d parts", state.video_id, emit.completeness, emit.revision, len(rows))

    def _store(self, state: JoinState, rows: list[tuple[str, bytes]]) -> str:
        duration = state.transcript.duration_ms
        return self._blobs.put(assemble(state.video_id, state.options, duration, rows))

    async def _dead_letter(self, raw: Any, error: InvalidMessage) -> None:
        metrics.DEAD_LETTERS.labels(STAGE, type(error).__name__).inc()
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
                attempts=1,
                at_ms=self._clock.now_ms(),
            )
        )


def _header(state: JoinState, emit: Emit) -> Header:
    return Header(
        video_id=state.video_id,
        generation=state.generation,
        stage=STAGE,
        index=emit.revision,
        status="ok",
        error=None,
        attempt=1,
        options=state.options,
        fresh_from=state.fresh_from,
        took_ms=0,
        cached=False,
    )
