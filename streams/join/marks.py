"""How far early results of a video reach: up to marks, each of which is twice the one before.

So a video has at most log2 of them, and ranking up to each of them costs less than twice what ranking the whole does.
The first mark is the opening of the video (`processors.segments.opening`). Where several are passed at once, the
highest one counts.
"""

from __future__ import annotations

from processors.segments.opening import opening_ms
from streams.join.state import NEEDED, JoinState


def highest_mark(state: JoinState, duration_ms: int) -> int:
    """The highest mark up to which all words and pictures are here, in milliseconds; 0 for none."""
    mark, following = 0, max(1, opening_ms(duration_ms))
    while following < duration_ms and all(state.stream(kind).covers(following) for kind in NEEDED):
        mark, following = following, 2 * following
    return mark


__all__ = ["highest_mark"]
