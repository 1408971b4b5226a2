"""Since when everything that was queued has come through: a part that is not here by then was lost, not late.

Under a load that never ends the queues are never empty, so a deadline cannot wait for that. Here the ends of all queues
are noted; when every group has committed up to them, that round is through, and the next one begins. What was queued
when a round began has been handed on when it ends: a request is items then, an item a result, words are understood, a
result is joined. So after four rounds in a row whatever waited when the first one began, anywhere on its way, has come
to the join.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

HOPS: Final = 4  # request -> item -> transcript -> content -> join


@dataclass(slots=True)
class Passing:
    """Follows the queues before the join; looked at now and then."""

    _wanted: dict[Hashable, int] | None = None  # queue -> end when the round began
    _began_ms: int = 0
    _through: deque[int] = field(default_factory=lambda: deque(maxlen=HOPS))

    def look(self, now_ms: int, queues: Mapping[Any, tuple[int, int]]) -> int:
        """The time at which everything that was queued then has come through by now.

        Args:
            now_ms: wall time.
            queues: (committed offset, end offset) of each queue, the same ones at each look.

        Returns:
            A time, `now_ms` when nothing is queued, 0 when it is not known yet.
        """
        if all(committed >= end for committed, end in queues.values()):
            self._wanted = None
            self._through.clear()
            return now_ms
        if self._wanted is not None and all(queues[queue][0] >= end for queue, end in self._wanted.items()):
            self._through.append(self._began_ms)
            self._wanted = None
        if self._wanted is None:
            self._wanted, self._began_ms = {queue: end for queue, (_, end) in queues.items()}, now_ms
        return self._through[0] if len(self._through) == HOPS else 0


__all__ = ["HOPS", "Passing"]
