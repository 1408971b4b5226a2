"""The newest result of every video, followed: so that nothing older is published after it.

After a crash the segmenter sees again what it had not acked, an older revision among it whose successor is published
already; and while the enricher looks at a result, the next one comes. What counts is the `segments` topic itself,
whoever wrote to it, so it is read in full (it is compacted) and followed; a video takes some 200 bytes of memory. A
worker that takes over a killed one's partitions has read that one's last records long before, since the group waits for
the session time-out first.
"""

from __future__ import annotations

import asyncio
from typing import Final

from schemas.messages import Segments
from streams import topics
from streams.client import following, read_all
from streams.settings import Settings

Order = tuple[int, int, bool]
_NONE: Final[Order] = (-1, -1, False)


class Newest:
    """Which (generation, revision, enriched) of each video is published.

    Args:
        settings: with a broker.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._orders: dict[str, Order] = {}
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
        if result.order > self._orders.get(result.video_id, _NONE):
            self._orders[result.video_id] = result.order

    async def is_behind(self, video_id: str, order: Order) -> bool:
        """Whether a newer result of the video is published; waits until the topic is read."""
        await self._read.wait()
        return self.knows_newer(video_id, order)

    def knows_newer(self, video_id: str, order: Order) -> bool:
        """The same, by what is read so far."""
        return order < self._orders.get(video_id, _NONE)


__all__ = ["Newest", "Order"]
