"""The newest result of every video, followed: so that nothing older is published after it.

After a crash the segmenter sees again what it had not acked, an older revision among it whose successor is published
already; and while the enricher looks at a result, the next one comes. What counts is the `segments` topic itself,
whoever wrote to it, so it is read in full (it is compacted) and followed. Of each video the ids of the
newest segments are kept, for the next revision to say what it changes: 750 bytes with ten of them and as many changes.
A worker that takes over a killed one's partitions has read that one's last records long before, since the group waits
for the session time-out first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from processors.domain import Changes
from schemas.messages import Segments
from streams import topics
from streams.changes import changes_between
from streams.client import following, read_all
from streams.settings import Settings

Order = tuple[int, int, bool]
_NONE: Final[Order] = (-1, -1, False)


@dataclass(frozen=True, slots=True)
class _Published:
    """What is kept of a result. Lists of ids are lines of one text, without the video's own id before them."""

    order: Order
    segments: str  # best first
    added: str | None = None  # null where it told no changes
    removed: str = ""
    moved: str = ""


class Newest:
    """Which (generation, revision, enriched) of each video is published.

    Args:
        settings: with a broker.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._published: dict[str, _Published] = {}
        self._read = asyncio.Event()

    async def follow(self) -> None:
        """Read the topic and go on with what arrives; never returns."""
        async with following(self._settings, topics.SEGMENTS) as arrivals:
            async for result in read_all(self._settings, topics.SEGMENTS):
                self.note(result)
            self._read.set()
            async for arrival in arrivals:
                if arrival is not None:
                    self.note(arrival[1])

    def note(self, result: Segments) -> None:
        """A result is published."""
        if result.order <= self._order(result.video_id):
            return
        video_id, changes = result.video_id, result.changes
        ids = _packed(video_id, [segment.segment_id for segment in result.segments])
        told = () if changes is None else (changes.added, changes.removed, changes.moved)
        self._published[video_id] = _Published(result.order, ids, *(_packed(video_id, one) for one in told))

    def changes(self, video_id: str, order: Order, segment_ids: Sequence[str]) -> Changes | None:
        """How a result that is to be published differs from the newest that is; None where none is.

        One that a crash brings back after it was published tells what it told then: two payloads of one revision would
        differ else.

        Args:
            video_id: of the result.
            order: its (generation, revision, enriched).
            segment_ids: of its segments, best first.
        """
        held = self._published.get(video_id)
        if held is None:
            return None
        before = _unpacked(video_id, held.segments)
        if held.order != order or before != list(segment_ids):
            return changes_between(before, segment_ids)
        if held.added is None:
            return None
        return Changes(*(_unpacked(video_id, packed) for packed in (held.added, held.removed, held.moved)))

    def held(self, video_id: str) -> tuple[int, list[str]] | None:
        """Generation and ids of segments of the newest result, best first; None where none is published."""
        held = self._published.get(video_id)
        return None if held is None else (held.order[0], _unpacked(video_id, held.segments))

    async def is_behind(self, video_id: str, order: Order) -> bool:
        """Whether a newer result of the video is published; waits until the topic is read."""
        await self._read.wait()
        return self.knows_newer(video_id, order)

    def knows_newer(self, video_id: str, order: Order) -> bool:
        """The same, by what is read so far."""
        return order < self._order(video_id)

    def _order(self, video_id: str) -> Order:
        held = self._published.get(video_id)
        return held.order if held is not None else _NONE


def _packed(video_id: str, ids: Sequence[str]) -> str:
    # no id of a video begins with "-", so what does had the video's id before it
    return "\n".join(one.removeprefix(video_id) if one.startswith(f"{video_id}-") else one for one in ids)


def _unpacked(video_id: str, packed: str) -> list[str]:
    return [video_id + one if one.startswith("-") else one for one in packed.split("\n") if one]


__all__ = ["Newest", "Order"]
