"""Which windows say the same: for selection, which would otherwise choose a passage each time that it is repeated.

Two windows are compared by the cosine of the mean meanings of their sentences. Films that are joined, loops, and
speakers who repeat themselves give nearly 1; different passages about one subject stay below `UNLIKE`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.segments.material import Floats, Ints
from processors.segments.meaning import Meaning

# Of pairs of windows that share no time 99.9 % lie below 0.76 in meetings, and below 0.83 in talks of which some say a
# passage twice; the same passage cut a little differently has 0.95 and more.
UNLIKE: Final = 0.85
ALIKE: Final = 0.95
_BLOCK: Final = 2_048  # windows whose sums are held at once: 8 MB


class Likeness:
    """Compares windows.

    Args:
        meaning: of the sentences; None where nothing is known: then nothing is alike.
        low, high: shape (windows,), of each its sentences, half open; a window without any is like no other.
    """

    def __init__(self, meaning: Meaning | None, low: Ints, high: Ints) -> None:
        self._low, self._high = low, high
        self._lengths: Floats = np.zeros(len(low))
        if meaning is None:
            return
        weighted = meaning.vectors * meaning.weights[:, None]
        self._sums: Floats = np.zeros((len(weighted) + 1, weighted.shape[1]))
        np.cumsum(weighted, axis=0, out=self._sums[1:])
        for begin in range(0, len(low), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            self._lengths[block] = np.linalg.norm(self._sums[high[block]] - self._sums[low[block]], axis=1)

    def to(self, window: int) -> Floats:
        """Of every window how much it says the same as one, 0..1; shape (windows,)."""
        if not self._lengths[window]:
            return np.zeros(len(self._lengths))
        direction = (self._sums[self._high[window]] - self._sums[self._low[window]]) / self._lengths[window]
        along = self._sums @ direction
        cosine = (along[self._high] - along[self._low]) / np.where(self._lengths > 0, self._lengths, np.inf)
        alike: Floats = np.clip((cosine - UNLIKE) / (ALIKE - UNLIKE), 0.0, 1.0)
        return alike


__all__ = ["ALIKE", "UNLIKE", "Likeness"]
