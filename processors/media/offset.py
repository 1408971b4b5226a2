"""Takes a constant offset out of sound: recordings by cheap converters lie beside the zero line.

An offset is not heard, and Whisper does not mind it, but it counts as loudness: speech at -22 dB with an offset of half
of full scale measures -6 dB everywhere, so that no level is right that is taken from it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

# Means of blocks below this (-40 dB) are rumble or a slow wave and stay: sound as it is stays so to the last bit.
_LEAST: Final = 0.01


class OffsetRemoval:
    """Subtracts the mean of each block, on a straight line from the last one's so that nothing jumps."""

    def __init__(self) -> None:
        self._last: float | None = None

    def apply(self, block: Samples) -> Samples:
        """The block without its offset.

        Args:
            block: mono float32 of some tenths of a second or more, shape (n,), in order of time.
        """
        mean = float(np.mean(block, dtype=np.float64)) if len(block) else 0.0
        offset = mean if abs(mean) >= _LEAST else 0.0
        before, self._last = offset if self._last is None else self._last, offset
        if before == 0.0 == offset:
            return block
        line = np.linspace(before, offset, len(block), endpoint=False, dtype=np.float32)
        return np.asarray(block - line, dtype=np.float32)


__all__ = ["OffsetRemoval"]
