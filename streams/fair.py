"""Which of the works that wait goes next: the highest level, and now and then a lower one, so that none waits for ever.

A pure structure. While a lower level waits, a level is passed over each time that it had `share - 1` turns, and then
the same rule holds among those below it. So under high load without an end the rest gets one turn in `share`, of which
its own lowest gets one in `share`; and where nothing lower waits, a level has all turns.

::

    share 4, high and normal wait     h h h n h h h n ...
    ... and low                       h h h n h h h n h h h n h h h l ...
    only low waits                    l l l ...
"""

from __future__ import annotations

import heapq
import itertools
from typing import Generic, TypeVar

T = TypeVar("T")


class FairShare(Generic[T]):
    """Works that wait, by level and order.

    Args:
        share: of so many turns of a level one goes to what waits below it, >= 2.
    """

    def __init__(self, share: int) -> None:
        self._share = share
        self._heaps: dict[int, list[tuple[int, int, T]]] = {}  # level -> those that wait; none is empty
        self._had: dict[int, int] = {}  # level -> turns that it had since lower ones were served
        self._arrivals = itertools.count()

    def __len__(self) -> int:
        return sum(len(heap) for heap in self._heaps.values())

    @property
    def highest(self) -> int | None:
        """The highest level of those that wait; None when nothing does."""
        return max(self._heaps, default=None)

    def put(self, level: int, order: int, work: T) -> None:
        """Let a work wait.

        Args:
            level: the higher the sooner.
            order: within its level the lowest goes first; equal ones in the order of their arrival.
            work: it.
        """
        heapq.heappush(self._heaps.setdefault(level, []), (order, next(self._arrivals), work))

    def take(self) -> tuple[int, T]:
        """The level and the work that goes next. Raises IndexError when none waits."""
        return self._taken(self._next_level())

    def take_highest(self) -> tuple[int, T]:
        """The same without a share for lower levels. Raises ValueError when none waits."""
        return self._taken(max(self._heaps))

    def _taken(self, level: int) -> tuple[int, T]:
        heap = self._heaps[level]
        work = heapq.heappop(heap)[2]
        if not heap:
            del self._heaps[level]
        return level, work

    def _next_level(self) -> int:
        levels = sorted(self._heaps, reverse=True)
        if not levels:
            raise IndexError("nothing waits")
        for level in levels[:-1]:
            had = self._had.get(level, 0) + 1
            if had < self._share:
                self._had[level] = had
                return level
            self._had[level] = 0
        return levels[-1]


__all__ = ["FairShare"]
