"""How far a segmentation is from the true one: Pk and WindowDiff.

Both slide a window over the units (sentences here) and count where the two segmentations disagree about it: 0 is
perfect, an answer by chance lies near 0.5. Pk (Beeferman, Berger and Lafferty 1999) asks whether the two ends of the
window lie in one segment; WindowDiff (Pevzner and Hearst 2002) whether the number of boundaries between them is the
same, so it also sees near misses and superfluous boundaries that Pk forgives, and it exceeds 0.5 for answers with too
many.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def window_size(true: Iterable[int], units: int) -> int:
    """Half the mean length of the true segments, at least 1: what both measures use.

    Args:
        true: positions 1..units-1 at which a new segment starts.
        units: in all, >= 1.
    """
    segments = len(_checked(true, units)) + 1
    return max(1, round(units / segments / 2))


def pk(true: Iterable[int], found: Iterable[int], units: int, window: int | None = None) -> float:
    """Share of windows whose ends the two segmentations do not agree about.

    Args:
        true, found: positions 1..units-1 at which a new segment starts, in any order.
        units: in all, >= 1.
        window: distance of the two ends in units; half the mean true segment when None.

    Returns:
        0..1; 0 where there is room for no window.

    Raises:
        ValueError: a position out of range.
    """
    a, b, _ = _inside(true, found, units, window)
    return float(np.mean((a > 0) != (b > 0))) if len(a) else 0.0


def window_diff(true: Iterable[int], found: Iterable[int], units: int, window: int | None = None) -> float:
    """Share of windows within which the two segmentations have another number of boundaries; arguments as in `pk`."""
    a, b, _ = _inside(true, found, units, window)
    return float(np.mean(a != b)) if len(a) else 0.0


def _inside(
    true: Iterable[int], found: Iterable[int], units: int, window: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Boundaries between unit i and unit i + window, for each i, in both."""
    true, found = _checked(true, units), _checked(found, units)
    size = window if window is not None else window_size(true, units)
    if size < 1:
        raise ValueError(f"a window spans at least 1 unit, not {size}")
    totals = []
    for starts in (true, found):
        marks = np.zeros(units, dtype=np.int64)
        marks[sorted(starts)] = 1
        totals.append(np.cumsum(marks))
    last = max(0, units - size)
    return totals[0][size:] - totals[0][:last], totals[1][size:] - totals[1][:last], size


def _checked(starts: Iterable[int], units: int) -> set[int]:
    kept = set(starts)
    if units < 1 or any(not 0 < start < units for start in kept):
        raise ValueError(f"boundaries lie between 1 and {units - 1}: {sorted(kept)}")
    return kept


__all__ = ["pk", "window_diff", "window_size"]
