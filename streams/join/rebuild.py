"""`replay --rebuild-join`: the join's table anew from the topics, silently; what is lost or wrong is published again.

The parts on the topics are taken by the joiner's own state machine, in the order of their time, into a table in memory.
Then that table is compared with what is published (`held.py`):

======================================  ============================  ==================================================
the parts on the topics                 published of that generation  what is done
======================================  ============================  ==================================================
all there                               the same, with its result     a marker, nothing is published
all there                               nothing, provisional, other   published as the next revision
                                        parts, or without its result
all there, but degraded or failed       final                         a marker: final is never replaced by less
some (the rest is under way, lost, or   final                         a marker
older than the topics keep)
some                                    anything else                 rows, and a state that goes on from what is
                                                                      published
of an older generation                  a newer generation            a marker
======================================  ============================  ==================================================

The changelog is not deleted but written over, key by key: rows, then the state of their video, then deletions. So a
crash in the middle leaves a table in which every video is either as before or as rebuilt, the next run begins anew, and
workers on other hosts come to the same table by reading on. Committed offsets stay: what is taken again finds itself
counted.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition

from processors.blobs import SCHEME, BlobStore
from processors.errors import InvalidMessage
from processors.segments.parts import Parts
from schemas.messages import VideoJoined
from streams import codec, connection, topics
from streams.clock import SYSTEM_CLOCK
from streams.connection import client_options
from streams.groups import refuse_members
from streams.join.emission import Gathered, gather
from streams.join.held import Held, read_held
from streams.join.machine import Part, advance
from streams.join.parts import PART_TOPICS, event_of
from streams.join.row import STATE_PREFIX, swept_keys
from streams.join.rows import Rows, changelog_name
from streams.join.runner import JoinRunner
from streams.join.state import Intent, JoinState
from streams.ordered import in_order
from streams.settings import Settings
from streams.topics import VIDEO_PARTITIONS

log = logging.getLogger("clipstream.join")
AGENT: Final = "joiner"
_WHY: Final = "the joiner's table can only be rebuilt while none does."


@dataclass(frozen=True, slots=True)
class Published:
    """An emission that was missing or wrong."""

    video_id: str
    generation: int
    revision: int
    completeness: str
    reason: str


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild found and did."""

    records: int = 0
    videos: int = 0
    open: int = 0  # videos that wait for parts
    changes: int = 0  # changelog records
    published: list[Published] = field(default_factory=list)


async def rebuild_join(settings: Settings, *, dry_run: bool, patience_s: float = 0.0) -> Rebuilt:
    """Rebuild the join's table from the topics.

    Args:
        settings: with a broker; its topics are there.
        dry_run: only find out.
        patience_s: how long to wait until the broker has noticed that a joiner has stopped.

    Raises:
        ClipstreamError: a joiner runs.
    """
    if not dry_run:
        await refuse_members(settings, (AGENT,), _WHY, patience_s=patience_s)
    done = Rebuilt()
    held = await read_held(settings)
    async with _Changelog(settings, dry_run=dry_run) as changelog:
        for partition in range(VIDEO_PARTITIONS):
            await _Partition(settings, partition, held, changelog, done).rebuild()
    if not dry_run:
        await refuse_members(settings, (AGENT,), _WHY, patience_s=0.0)
        # stores of this host: they may be of a changelog that is gone, and Faust would believe their offsets
        for folder in (settings.data_dir / "tables").glob(f"{AGENT}*"):
            shutil.rmtree(folder)
    return done


class _Partition:
    """One partition: replayed, settled, written."""

    def __init__(
        self, settings: Settings, number: int, held: dict[str, Held], changelog: _Changelog, done: Rebuilt
    ) -> None:
        self._settings, self._number, self._held, self._done = settings, number, held, done
        self._changelog = changelog
        self._blobs = BlobStore(settings.store)
        self._memory = _Memory()
        self._rows = Rows(self._memory)
        self._wrong: dict[str, str] = {}  # video -> why its emission, which its state intends, is to be published

    async def rebuild(self) -> None:
        specs = {self._settings.topic(spec.name): spec for spec in PART_TOPICS}
        # by their time, so that few videos are open at once
        async for record in in_order(self._settings, *(TopicPartition(name, self._number) for name in specs)):
            self._done.records += 1
            try:
                event = event_of(specs[record.topic], record.value)
            except InvalidMessage:
                continue  # the joiner has dead-lettered it
            assert isinstance(event, Part)
            if topics.video_partition(event.header.video_id, VIDEO_PARTITIONS) == self._number:
                await self._take(event, record.timestamp)
        states = [await self._settle(state) for state in self._rows.states()]
        await self._mark_cancelled({state.video_id for state in states})
        self._done.videos += len(states)
        self._done.open += sum(state.open for state in states)
        self._done.changes += await self._changelog.write_over(self._number, self._memory.content)
        for state in states:
            if state.intent is not None:
                await self._changelog.publish(self._number, self._memory, state)

    async def _take(self, part: Part, at_ms: int) -> None:
        state = self._rows.state(part.header.video_id)
        intent, known = None, None
        if state is not None:
            intent, state.intent = state.intent, None
            known = state.to_bytes()
        step = advance(state, part, at_ms, self._rows.look)
        assert step.state is not None
        if step.state.to_bytes() == known:
            return  # told nothing new: what was intended stays so
        if intent is not None:
            await self._drop(step.state, intent)
        await self._rows.keep(self._number, step.rows, step.state)
        if step.state.intent is None:
            return
        reason = await self._reason(step.state, step.state.intent)
        if reason is not None:  # stays intended: the rows are still needed
            self._wrong[step.state.video_id] = reason
            return
        await self._drop(step.state, step.state.intent)
        step.state.intent = None
        await self._rows.keep(self._number, (), step.state)

    async def _drop(self, state: JoinState, intent: Intent) -> None:
        """Take an intent as carried out."""
        for sweep in intent.sweeps:
            await self._rows.delete(self._number, swept_keys(state.video_id, sweep))

    async def _reason(self, state: JoinState, intent: Intent) -> str | None:
        """Why the emission that is intended is to be published, or None."""
        emit = intent.emit
        held = self._held.get(state.video_id, Held())
        published = held.completeness(state.generation)
        if emit is None or emit.completeness == "provisional" or held.generation > state.generation:
            return None
        if published == "cancelled" or (published == "final" and emit.completeness != "final"):
            return None
        joined = held.joined
        if joined is None or joined.generation != state.generation:
            return None if published == emit.completeness else "was never published"
        found = gather(state, self._rows.look)
        ours = (emit.completeness, emit.missing, emit.error)
        theirs = (joined.completeness, tuple(joined.missing), joined.error)
        if ours != theirs or not await asyncio.to_thread(self._same_parts, found, joined):
            return f"{joined.completeness} was published, of other parts"
        return None if held.answered else "its result is lost or another one"

    def _same_parts(self, found: Gathered, joined: VideoJoined) -> bool:
        """Whether an emission would be of the parts that are published, content aside: no result depends on it."""
        if not found.parts or joined.parts_uri is None:
            return not found.parts and joined.parts_uri is None
        ours = found.to_blob(joined.video_id)
        if SCHEME + hashlib.sha256(ours).hexdigest() == joined.parts_uri:
            return True
        try:
            theirs = self._blobs.get(joined.parts_uri)
        except InvalidMessage:  # the blob is gone
            return False
        return _without_content(ours) == _without_content(theirs)

    async def _settle(self, state: JoinState) -> JoinState:
        """Go on from what is published."""
        held = self._held.get(state.video_id, Held())
        newer = held.generation > state.generation
        published = held.completeness(held.generation if newer else state.generation)
        if state.intent is None:
            if newer or published in ("final", "cancelled"):
                await self._rows.delete(self._number, swept_keys(state.video_id, state.sweep))
            if newer:
                state = JoinState(state.video_id, held.generation, state.touched_at_ms, expired=True)
            state.emitted = published
        state.revision = held.revision(state.generation)
        if state.intent is not None and state.emitted is not None:
            state.revision += 1
            why = self._wrong[state.video_id]
            self._done.published.append(Published(state.video_id, state.generation, state.revision, state.emitted, why))
        # rows are older than any revision that comes from now on
        keys = swept_keys(state.video_id, state.sweep)
        rows = [(key, replace(row, after=0)) for key in keys if (row := self._rows.look(key)) is not None]
        await self._rows.keep(self._number, rows, state)
        return state

    async def _mark_cancelled(self, seen: set[str]) -> None:
        """Parts that are still under way of a video that was cancelled before any came."""
        for video_id, held in self._held.items():
            joined = held.joined
            mine = topics.video_partition(video_id, VIDEO_PARTITIONS) == self._number
            if mine and video_id not in seen and joined is not None and joined.completeness == "cancelled":
                marker = JoinState(video_id, joined.generation, joined.started_at_ms, joined.revision, "cancelled")
                await self._rows.keep(self._number, (), marker)


def _without_content(parts: bytes) -> bytes:
    return replace(Parts.from_json(parts), contents=[]).to_json()


class _Memory:
    """A table of one partition in memory."""

    def __init__(self) -> None:
        self.content: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """See `Table`."""
        return self.content.get(key)

    async def write(self, partition: int, changes: Sequence[tuple[bytes, bytes | None]]) -> None:
        """See `Table`."""
        for key, content in changes:
            if content is None:
                self.content.pop(key, None)
            else:
                self.content[key] = content

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        """See `Table`."""
        return ((key, value) for key, value in list(self.content.items()) if key.startswith(STATE_PREFIX))


class _Changelog:
    """Writes to the changelog and to `video-joined`; in a dry run to nothing."""

    def __init__(self, settings: Settings, *, dry_run: bool) -> None:
        self._settings, self._dry_run = settings, dry_run
        self._topic = changelog_name(settings.group(AGENT))
        self._producer = AIOKafkaProducer(**client_options(settings), acks="all", max_request_size=1_000_000)

    async def __aenter__(self) -> _Changelog:
        await connection.start(self._producer, self._settings)
        return self

    async def __aexit__(self, *_: object) -> None:
        await connection.stop(self._producer)

    async def write_over(self, partition: int, wanted: dict[bytes, bytes]) -> int:
        """Make a partition say `wanted` and nothing else; returns how many records that took."""
        there: dict[bytes, bytes] = {}
        async for record in in_order(self._settings, TopicPartition(self._topic, partition)):
            if record.value is None:
                there.pop(record.key, None)
            else:
                there[record.key] = record.value
        changed: list[tuple[bytes, bytes | None]] = [
            (key, content) for key, content in wanted.items() if there.get(key) != content
        ]
        changed.sort(key=lambda one: one[0].startswith(STATE_PREFIX))  # rows of a video before its state
        changed += [(key, None) for key in there if key not in wanted]
        await self._send(partition, changed)
        return len(changed)

    async def publish(self, partition: int, memory: _Memory, state: JoinState) -> None:
        """Carry out what the state, which the changelog has, intends: as the joiner does."""
        if self._dry_run:
            return
        table = _Through(memory, self, partition)
        blobs = BlobStore(self._settings.store)
        runner = JoinRunner(Rows(table), self, blobs, self._settings, SYSTEM_CLOCK)  # type: ignore[arg-type]
        await runner.carry_out(partition, state)

    async def video(self, spec: topics.TopicSpec[Any], video_id: str, message: Any) -> None:
        """As `streams.publisher.Publisher`."""
        partition = topics.video_partition(video_id, spec.partitions)
        await self._producer.send_and_wait(
            self._settings.topic(spec.name), codec.encode(spec, message), key=video_id.encode(), partition=partition
        )

    async def progress(self, *_: Any, **__: Any) -> None:
        """As `streams.publisher.Publisher`: nobody follows a rebuild."""

    async def _send(self, partition: int, changes: Sequence[tuple[bytes, bytes | None]]) -> None:
        if self._dry_run:
            return
        sent = [
            await self._producer.send(self._topic, content, key=key, partition=partition) for key, content in changes
        ]
        for delivery in sent:
            await delivery


@dataclass(frozen=True, slots=True)
class _Through:
    """A table whose writes go to the changelog, then to memory."""

    memory: _Memory
    changelog: _Changelog
    partition: int

    def get(self, key: bytes) -> bytes | None:
        """See `Table`."""
        return self.memory.get(key)

    async def write(self, partition: int, changes: Sequence[tuple[bytes, bytes | None]]) -> None:
        """See `Table`."""
        await self.changelog._send(partition, changes)
        await self.memory.write(partition, changes)

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        """See `Table`."""
        return self.memory.states()


__all__ = ["Published", "Rebuilt", "rebuild_join"]
