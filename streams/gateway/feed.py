"""Events for readers: a bounded log in memory, and a bounded queue for each reader.

Every record that the gateway reads is an entry with the vector behind it. A reader who comes back with a vector gets
what is behind that, from here or, where the log no longer reaches, from Kafka (`rereading.py`). Progress is cumulative:
of several records of a video that wait, the last one tells all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from streams.gateway.vector import Vector, later, reaches

SUBMITTED: Final = "submitted"
PROGRESS: Final = "progress"
SEGMENTS: Final = "segments"


@dataclass(slots=True)
class Entry:
    """A record as an event.

    Attributes:
        place: index of its partition in the vector.
        offset: of the record.
        after: next offsets of all partitions when it was read.
        tell: makes what the event says; asked when it is sent, since progress is what it is by then.
    """

    kind: str
    video_id: str
    generation: int
    place: int
    offset: int
    after: Vector
    tell: Callable[[], bytes]


class Reader:
    """A queue of entries for one event stream.

    Args:
        video_id: only events of that video; None for all.
        since: what it has seen already.
        most: entries that may wait.
    """

    def __init__(self, video_id: str | None, since: Vector, most: int) -> None:
        self.video_id = video_id
        self.since = since
        self.overrun = False
        self._most = most
        self._waiting: deque[Entry] = deque()
        self._arrived = asyncio.Event()

    def offer(self, entry: Entry) -> None:
        """Queue an entry, unless it was seen; a reader with too many waiting is given up."""
        if self.overrun or entry.offset < self.since[entry.place]:
            return
        if len(self._waiting) >= self._most:
            # what can be said in fewer events may still fit
            self._waiting = deque(coalesced(self._waiting))
        if len(self._waiting) >= self._most:
            self.overrun = True
            self._waiting.clear()
        else:
            self._waiting.append(entry)
        self._arrived.set()

    def take(self) -> list[Entry]:
        """All that wait, progress coalesced."""
        found = coalesced(self._waiting)
        self._waiting.clear()
        self._arrived.clear()
        return found

    def urgent(self) -> bool:
        """Whether something waits that is not only progress."""
        return self.overrun or any(entry.kind != PROGRESS for entry in self._waiting)

    async def arrived(self) -> None:
        """Wait until something waits."""
        await self._arrived.wait()

    async def pressing(self) -> None:
        """Wait until something waits that cannot wait for more."""
        while not self.urgent():
            self._arrived.clear()
            await self._arrived.wait()

    def seen(self, entry: Entry) -> Vector:
        """How far the reader is when it has an entry."""
        self.since = later(self.since, entry.after)
        return self.since


class Feed:
    """The log and its readers.

    Args:
        partitions: length of a vector.
        kept: entries in the log.
    """

    def __init__(self, partitions: int, kept: int) -> None:
        self._log: deque[Entry] = deque()
        self._kept = kept
        self._floor: list[int] = [0] * partitions
        self._all: set[Reader] = set()
        self._of: dict[str, set[Reader]] = {}

    def __len__(self) -> int:
        return len(self._all) + sum(len(readers) for readers in self._of.values())

    def start_at(self, vector: Iterable[int]) -> None:
        """The log begins here: what is before is only in Kafka."""
        self._floor = list(vector)
        self._log.clear()

    def add(self, entry: Entry) -> None:
        """A record was read."""
        self._log.append(entry)
        if len(self._log) > self._kept:
            gone = self._log.popleft()
            self._floor[gone.place] = gone.offset + 1
        for reader in (*self._all, *self._of.get(entry.video_id, ())):
            reader.offer(entry)

    def forget(self, video_id: str, until: int) -> None:
        """Tell nothing more of a video's generations up to one."""
        self._log = deque(entry for entry in self._log if entry.video_id != video_id or entry.generation > until)

    def holds(self, since: Vector) -> bool:
        """Whether the log reaches back that far."""
        return reaches(since, self._floor)

    def behind(self, since: Vector, video_id: str | None) -> list[Entry]:
        """What the log has that a reader has not seen."""
        return [
            entry for entry in self._log if entry.offset >= since[entry.place] and video_id in (None, entry.video_id)
        ]

    def join(self, reader: Reader) -> None:
        """Entries from now on go to the reader, too."""
        (self._all if reader.video_id is None else self._of.setdefault(reader.video_id, set())).add(reader)

    def leave(self, reader: Reader) -> None:
        """No longer."""
        if reader.video_id is None:
            self._all.discard(reader)
        elif (readers := self._of.get(reader.video_id)) is not None:
            readers.discard(reader)
            if not readers:
                del self._of[reader.video_id]


def coalesced(entries: Iterable[Entry]) -> list[Entry]:
    """Of the progress of each video the last; everything else as it is, all in order."""
    found = list(entries)
    last: dict[str, Any] = {entry.video_id: entry for entry in found if entry.kind == PROGRESS}
    return [entry for entry in found if entry.kind != PROGRESS or last[entry.video_id] is entry]


__all__ = ["PROGRESS", "SEGMENTS", "SUBMITTED", "Entry", "Feed", "Reader", "coalesced"]
