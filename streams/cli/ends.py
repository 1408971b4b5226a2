"""When a run is through with its videos: with the last result of each, and with the second look where one is to come.

Whoever waits for a result has it at once; `process` also waits for what a vision service says of it, but never longer
than the service may take: the enricher may be down, and the result is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from schemas.messages import Control, Segments
from streams.client import TERMINAL


class Ends:
    """Which videos are not through.

    Args:
        video_ids: all of them.
        limit_s: how long second looks may show nothing.
        monotonic_s: a clock.
    """

    def __init__(self, video_ids: Iterable[str], limit_s: float, monotonic_s: Callable[[], float]) -> None:
        self._open = set(video_ids)
        self._looks: dict[str, int] = {}  # video -> generation whose second look is to come
        self._limit_s, self._monotonic_s = limit_s, monotonic_s
        self._moved_s = monotonic_s()

    def take(self, newest: Segments) -> None:
        """The newest result of a video."""
        if newest.status not in TERMINAL:
            return
        self._moved_s = self._monotonic_s()
        self._open.discard(newest.video_id)
        self._looks.pop(newest.video_id, None)
        if newest.second_look is not None:
            self._looks[newest.video_id] = newest.generation

    def cancel(self, order: Control) -> None:
        """An order: the second look at that video does not come."""
        if self._looks.get(order.video_id, order.generation + 1) <= order.generation:
            del self._looks[order.video_id]

    def looked_at(self, video_id: str) -> bool:
        """Whether the second look at a video is to come."""
        return video_id in self._looks

    def given_up(self) -> list[str]:
        """Videos whose second look did not come in time; nobody waits for these from now on."""
        if self._open or not self._looks or self._monotonic_s() - self._moved_s < self._limit_s:
            return []
        late, self._looks = sorted(self._looks), {}
        return late

    @property
    def over(self) -> bool:
        """Whether there is nothing left to wait for."""
        return not self._open and not self._looks


__all__ = ["Ends"]
