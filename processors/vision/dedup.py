"""Near-duplicate pictures: cosine of their 32x18 grey thumbnails, taken about their means.

Without the means every two bright pictures are alike (slides: 0.999 for different text). About the means, in real
films, no moment of one shot comes nearer than 0.89 to any moment of an unlike one, the same take at the same moment has
0.98 or more even with changed brightness and contrast, and slides with one more line of text have 0.83 to 0.90.

A repeated take need not be shown at the same moment, so besides the chosen pictures those that were passed over are
remembered as glimpses, and must be met more closely.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.vision.look import HEIGHT, WIDTH, Look

# Least cosine to a chosen picture: between slides that gained a line (0.90) and a moving inset in one take (0.94).
DUPLICATE_COSINE: Final = 0.92
# Least cosine to a glimpse. Half of the moments of a repeated take have a glimpse at 0.98 or more.
GLIMPSE_COSINE: Final = 0.96
# Memory: 4096 chosen and 8192 glimpsed thumbnails are 28 MB at most. That is two hours of a shot every two seconds, and
# an hour of glimpses. The oldest are forgotten first.
CAPACITY: Final = 4096
GLIMPSE_CAPACITY: Final = 8192
# A picture whose thumbnail varies less than this (standard deviation of 0..255) is plain: only its tone counts.
_PLAIN_DEVIATION: Final = 3.0
# Most difference in mean brightness of plain pictures, and of mean colour for all, in 0..255.
_TONE: Final = 12.0


class Duplicates:
    """Remembers pictures and tells whether a new one nearly repeats one of them.

    Args:
        threshold: least cosine to a chosen picture, -1..1; above 1 nothing but plain pictures is a duplicate.
        glimpse_threshold: least cosine to a glimpse.
        capacity: number of chosen pictures that are remembered, >= 1.
        glimpse_capacity: number of glimpses, >= 1.
    """

    def __init__(
        self,
        threshold: float = DUPLICATE_COSINE,
        glimpse_threshold: float = GLIMPSE_COSINE,
        capacity: int = CAPACITY,
        glimpse_capacity: int = GLIMPSE_CAPACITY,
    ) -> None:
        self._chosen = _Bank(threshold, capacity)
        self._glimpses = _Bank(glimpse_threshold, glimpse_capacity)

    def seen(self, look: Look) -> bool:
        """Whether a picture like this one was chosen or glimpsed."""
        return self._chosen.holds(look) or self._glimpses.holds(look)

    def add(self, look: Look) -> None:
        """Remember a chosen picture."""
        self._chosen.add(look)

    def glimpse(self, look: Look) -> None:
        """Remember a picture that was passed over."""
        self._glimpses.add(look)


class _Bank:
    def __init__(self, threshold: float, capacity: int) -> None:
        self._threshold = threshold
        self._units = np.zeros((capacity, HEIGHT * WIDTH), np.float32)  # the system commits pages as they are used
        self._tones = np.zeros((capacity, 3), np.float32)  # mean luma and chroma
        self._plain = np.zeros(capacity, bool)
        self._count = 0

    def holds(self, look: Look) -> bool:
        held = min(self._count, len(self._plain))
        unit, tone, plain = _describe(look)
        near = np.abs(self._tones[:held] - tone) < _TONE
        same_colour = near[:, 1] & near[:, 2]
        if plain:
            return bool((self._plain[:held] & same_colour & near[:, 0]).any())
        alike = self._units[:held] @ unit >= self._threshold
        return bool((alike & same_colour & ~self._plain[:held]).any())

    def add(self, look: Look) -> None:
        place = self._count % len(self._plain)
        self._units[place], self._tones[place], self._plain[place] = _describe(look)
        self._count += 1


def _describe(look: Look) -> tuple[NDArray[np.float32], NDArray[np.float32], bool]:
    """Unit vector of the brightness about its mean, mean brightness and colour, whether it is plain."""
    centred = (look.luma - look.luma.mean()).ravel()
    unit = centred / max(float(np.linalg.norm(centred)), 1e-6)
    tone = np.array([look.luma.mean(), look.chroma[0].mean(), look.chroma[1].mean()], np.float32)
    return unit.astype(np.float32), tone, float(look.luma.std()) < _PLAIN_DEVIATION
