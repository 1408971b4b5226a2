"""Selection: the best windows that differ from each other.

Greedy maximal marginal relevance (Carbonell and Goldstein 1998): the next window is the one with the best score minus
what it repeats of those already chosen. Windows along one good passage score alike; without the penalty they would
fill the whole list.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.segments.material import Floats, Ints

# Two chosen windows share at most this part of the shorter one: more is the same clip twice.
MAX_OVERLAP: Final = 0.5
# Relevance against difference, evenly: a window that repeats a third of another must score a third or more to come in.
RELEVANCE: Final = 0.5


def select(starts: Ints, ends: Ints, scores: Floats, limit: int) -> list[int]:
    """Choose windows.

    Args:
        starts, ends: of the windows in milliseconds, sorted by start, then end; ends above starts.
        scores: 0..1.
        limit: most windows to choose, >= 0.

    Returns:
        Positions of the chosen, best score first; equal scores by start, then end. No two overlap by more than
        `MAX_OVERLAP` of the shorter, and one that overlaps at all has a score above the part that it repeats.
    """
    chosen: list[int] = []
    lengths = ends - starts
    overlap = np.zeros(len(starts))
    open_ = np.ones(len(starts), dtype=bool)
    while len(chosen) < limit:
        gains = np.where(open_, np.round(RELEVANCE * scores - (1 - RELEVANCE) * overlap, 9), -np.inf)
        if not open_.any():
            break
        best = int(np.argmax(gains))  # the first of equals: earliest start, then earliest end
        if overlap[best] > 0 and gains[best] <= 0:
            break
        chosen.append(best)
        shared = np.maximum(0, np.minimum(ends, ends[best]) - np.maximum(starts, starts[best]))
        overlap = np.maximum(overlap, shared / np.minimum(lengths, lengths[best]))
        open_ &= overlap <= MAX_OVERLAP
    return sorted(chosen, key=lambda index: (-scores[index], starts[index], ends[index]))


__all__ = ["MAX_OVERLAP", "RELEVANCE", "select"]
