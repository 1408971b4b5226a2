"""How unlike a chosen picture is to those that were chosen before it in its video.

The frame extractor asks, which meets the pictures in the order of time and is the only one to see them all: whoever
analyses them gets them in batches, in any order, and some of them twice.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.vision.look import HEIGHT, WIDTH, Look

# As in `dedup`: pictures that are remembered, the oldest forgotten first; 10 MB.
CAPACITY: Final = 4096
# Difference in mean brightness and colour, each 0..255, that makes two pictures wholly unlike, whatever they show.
_TONE: Final = 48.0
# Thumbnails that vary less (standard deviation) have no composition; only their tones are compared.
_PLAIN_DEVIATION: Final = 3.0
_ROUND: Final = 3


class Novelty:
    """Remembers the pictures of one video."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._units = np.zeros((capacity, HEIGHT * WIDTH), np.float32)  # the system commits pages as they are used
        self._tones = np.zeros((capacity, 3), np.float32)
        self._plain = np.zeros(capacity, bool)
        self._count = 0

    def of(self, look: Look) -> float:
        """The novelty of the next picture, which is remembered.

        Returns:
            0 (one before was the same) .. 1 (unlike all, or the first): one minus the greatest likeness, which is the
            cosine of the thumbnails about their means, lowered by the difference of their tones.
        """
        centred = (look.luma - look.luma.mean()).ravel()
        unit = (centred / max(float(np.linalg.norm(centred)), 1e-6)).astype(np.float32)
        tone = np.array([look.luma.mean(), look.chroma[0].mean(), look.chroma[1].mean()], np.float32)
        plain = float(look.luma.std()) < _PLAIN_DEVIATION
        held = min(self._count, len(self._plain))
        likeness = self._likeness(held, unit, tone, plain)
        place = self._count % len(self._plain)
        self._units[place], self._tones[place], self._plain[place] = unit, tone, plain
        self._count += 1
        return round(1.0 - likeness, _ROUND)

    def _likeness(self, held: int, unit: NDArray[np.float32], tone: NDArray[np.float32], plain: bool) -> float:
        if held == 0:
            return 0.0
        alike = np.where(self._plain[:held], 0.0, self._units[:held] @ unit) if not plain else self._plain[:held] * 1.0
        apart = np.abs(self._tones[:held] - tone).max(axis=1) / _TONE
        return float(np.clip(np.clip(alike, 0.0, 1.0) - apart, 0.0, 1.0).max())


__all__ = ["Novelty"]
