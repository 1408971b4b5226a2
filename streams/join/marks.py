"""How far early results of a video reach: up to marks, each of which is twice the one before.

So a video has at most log2 of them, and ranking up to each of them costs less than twice what ranking the whole does.
The first mark is half a minute, of a video of more than ten minutes a twentieth, and at most a quarter. Where several
are passed at once, the highest one counts.
"""

from __future__ import annotations

from typing import Final

from processors.priority import FIRST_RESULT_MS
from streams.join.state import NEEDED, JoinState

# An hour's first result reaches over 3 minutes: half a minute of many shows little of what it is about.
LEAST_SHARE: Final = 0.05
MOST_SHARE: Final = 0.25


def highest_mark(state: JoinState, duration_ms: int) -> int:
    """The highest mark up to which all words and pictures are here, in milliseconds; 0 for none."""
    first = min(max(FIRST_RESULT_MS, duration_ms * LEAST_SHARE), duration_ms * MOST_SHARE)
    mark, following = 0, max(1, int(first))
    while following < duration_ms and all(state.stream(kind).covers(following) for kind in NEEDED):
        mark, following = following, 2 * following
    return mark


__all__ = ["highest_mark"]
