"""Selection: the best windows that differ from each other, one of them from the opening.

Greedy maximal marginal relevance (Carbonell and Goldstein 1998): the next window is the one with the best score minus
what it repeats of those already chosen. Windows along one good passage score alike; without the penalty they would
fill the whole list. Repeated is time that both share, or the same said again, and a part of the surroundings: whoever
has one clip of a passage looks for the next one elsewhere.

One place is kept for the opening, of videos in which that is long enough (`opening.py`). The first result of a video is
made from its opening alone, while the rest is still worked on; whoever has begun to work with it finds a segment of it
in the last one again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from processors.domain import Span
from processors.segments.candidates import Window
from processors.segments.material import Bools, Floats, Ints

# Two chosen windows share at most this part of the shorter one: more is the same clip twice.
MAX_OVERLAP: Final = 0.5
# Relevance against difference, evenly: a window that repeats a third of another must score a third or more to come in.
RELEVANCE: Final = 0.5
# What a window right beside a chosen one loses, falling by e over a fifteenth of the video, in which a list of ten has
# two thirds of a segment: tried were 0, 0.05, 0.1 and 0.2 (docs/ranking.md).
NEARBY: Final = 0.05
NEAR_SHARE: Final = 1 / 15
# Of fewer segments none is kept for the opening.
OPENING_OF: Final = 5


def select(
    starts: Ints,
    ends: Ints,
    scores: Floats,
    limit: int,
    kept: Bools | None = None,
    alike: Callable[[int], Floats] | None = None,
) -> list[int]:
    """Choose windows.

    Args:
        starts, ends: of the windows in milliseconds, sorted by start, then end; ends above starts.
        scores: 0..1.
        limit: most windows to choose, >= 0.
        kept: of `OPENING_OF` or more windows one is of these, where there is any; shape (windows,).
        alike: of a position how much each window says the same, shape (windows,), 0..1; None for not known.

    Returns:
        Positions of the chosen, best score first; equal scores by start, then end. No two repeat more than
        `MAX_OVERLAP` of the shorter, and one that repeats anything has a score above the part that it repeats.
    """
    chosen: list[int] = []
    lengths = ends - starts
    middles = (starts + ends) / 2
    near_ms = max(1.0, float(ends.max(initial=0)) * NEAR_SHARE)
    repeated, nearby = np.zeros(len(starts)), np.zeros(len(starts))
    open_ = np.ones(len(starts), dtype=bool)
    first = kept if kept is not None and limit >= OPENING_OF and kept.any() else open_
    while len(chosen) < limit and open_.any():
        # first, as a longer one that is chosen before it would close all of the opening
        allowed = open_ if chosen else first
        gains = np.round(RELEVANCE * scores - (1 - RELEVANCE) * repeated - NEARBY * nearby, 9)
        # the first of equals: earliest start, then earliest end
        best = int(np.argmax(np.where(allowed, gains, -np.inf)))
        if repeated[best] > 0 and scores[best] * RELEVANCE <= (1 - RELEVANCE) * repeated[best]:
            open_[best] = False  # repeats more than it brings
            continue
        chosen.append(best)
        shared = np.maximum(0, np.minimum(ends, ends[best]) - np.maximum(starts, starts[best]))
        repeated = np.maximum(repeated, shared / np.minimum(lengths, lengths[best]))
        if alike is not None:
            repeated = np.maximum(repeated, alike(best))
        nearby = np.maximum(nearby, np.exp(-np.abs(middles - middles[best]) / near_ms))
        open_ &= repeated <= MAX_OVERLAP
    return sorted(chosen, key=lambda index: (-scores[index], starts[index], ends[index]))


def nearest_to(span: Span | Window, starts: Ints, ends: Ints) -> Bools | None:
    """Which windows have the highest IoU with a span, shape (windows,); None where none shares anything with it."""
    shared = np.maximum(0, np.minimum(ends, span.end_ms) - np.maximum(starts, span.start_ms))
    iou = shared / (ends - starts + span.end_ms - span.start_ms - shared)
    found: Bools = (iou == iou.max(initial=0.0)) & (shared > 0)
    return found if found.any() else None


__all__ = ["MAX_OVERLAP", "NEARBY", "OPENING_OF", "RELEVANCE", "nearest_to", "select"]
