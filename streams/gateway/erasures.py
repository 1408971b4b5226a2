"""Videos that were erased, and must not be told of: `control` read in full, and followed.

Their requests and progress stay on the topics until retention takes them away, so every reader passes them over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from schemas.messages import Control
from streams import topics
from streams.client import following, read_all
from streams.settings import Settings


class Erasures:
    """Which videos are erased, up to which generation.

    Args:
        settings: with a broker.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._until: dict[str, int] = {}
        self._read = asyncio.Event()

    async def follow(self, forget: Callable[[str, int], object]) -> None:
        """Read the topic and go on with what arrives; never returns.

        Args:
            forget: called with each video that is erased, and the last generation of it that is.
        """
        async with following(self._settings, topics.CONTROL) as arrivals:
            async for order in read_all(self._settings, topics.CONTROL):
                self._note(order, forget)
            self._read.set()
            async for arrival in arrivals:
                if arrival is not None:
                    self._note(arrival[1], forget)

    def _note(self, order: Control, forget: Callable[[str, int], object]) -> None:
        if order.action == "erase":
            self._until[order.video_id] = max(order.generation, self.until(order.video_id))
            forget(order.video_id, order.generation)

    async def ready(self) -> None:
        """Wait until those from before this gateway started are known."""
        await self._read.wait()

    def until(self, video_id: str) -> int:
        """The last generation of a video that is erased; -1 for none."""
        return self._until.get(video_id, -1)


__all__ = ["Erasures"]
