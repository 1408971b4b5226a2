"""Near-duplicate pictures: cosine of their 32x18 grey thumbnails, taken about their means.

Without the means every two bright pictures are alike (slides: 0.999 for different text). About the means, in real
films, no moment of one shot comes nearer than 0.89 to any moment of an unlike one, the same take at the same moment has
0.98 or more even with changed brightness and contrast, and slides with one more line of text have 0.83 to 0.90.

A repeated take need not be shown at the same moment, so besides the chosen pictures those that were passed over are
remembered as glimpses, and must be met more closely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.vision.look import HEIGHT, WIDTH, Look
from processors.vision.selection import DUPLICATE_COSINE

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
        return bool(self.which_seen([look])[0])

    def which_seen(self, looks: Sequence[Look]) -> NDArray[np.bool_]:
        """For each of some pictures whether one like it was chosen or glimpsed; bool (number,)."""
        described = _describe(looks)
        return self._chosen.holds(described) | self._glimpses.holds(described)

    def nearest(self, look: Look) -> float:
        """The greatest cosine to a picture that was chosen or glimpsed, whatever its colours; -1..1, -1 for none."""
        described = _describe([look])
        return max(self._chosen.nearest(described), self._glimpses.nearest(described))

    def add(self, look: Look, shot: int = 0) -> None:
        """Remember a chosen picture of a shot."""
        self._chosen.add(look, shot)

    def glimpse(self, look: Look, shot: int = 0) -> None:
        """Remember a picture of a shot that was passed over."""
        self._glimpses.add(look, shot)

    def forget(self, shot: int) -> None:
        """Forget the pictures of a shot: none of them is shown after all."""
        self._chosen.forget(shot)
        self._glimpses.forget(shot)


@dataclass(frozen=True, slots=True)
class _Described:
    """Pictures as they are compared, one a row."""

    units: NDArray[np.float32]  # (number, 576): brightness about its mean, of length 1
    tones: NDArray[np.float32]  # (number, 3): mean brightness and colour
    plain: NDArray[np.bool_]


class _Bank:
    def __init__(self, threshold: float, capacity: int) -> None:
        self._threshold = threshold
        self._units = np.zeros((capacity, HEIGHT * WIDTH), np.float32)  # the system commits pages as they are used
        self._tones = np.zeros((capacity, 3), np.float32)
        self._plain = np.zeros(capacity, bool)
        self._shots = np.zeros(capacity, np.int64)
        self._count = 0

    def holds(self, described: _Described) -> NDArray[np.bool_]:
        held = min(self._count, len(self._plain))
        near = np.abs(described.tones[:, None] - self._tones[None, :held]) < _TONE
        same_colour = near[..., 1] & near[..., 2]
        plain = described.plain[:, None] & self._plain[:held] & near[..., 0]
        patterned = ~described.plain[:, None] & ~self._plain[:held]
        alike = patterned & (described.units @ self._units[:held].T >= self._threshold)
        return np.asarray(((plain | alike) & same_colour).any(axis=1))

    def nearest(self, described: _Described) -> float:
        held = min(self._count, len(self._plain))
        return float((described.units @ self._units[:held].T).max(initial=-1.0))

    def add(self, look: Look, shot: int) -> None:
        place = self._count % len(self._plain)
        self._shots[place] = shot
        described = _describe([look])
        self._units[place], self._tones[place], self._plain[place] = (
            described.units[0],
            described.tones[0],
            described.plain[0],
        )
        self._count += 1

    def forget(self, shot: int) -> None:
        gone = np.flatnonzero(self._shots == shot)
        self._units[gone], self._plain[gone], self._tones[gone] = 0.0, False, np.inf


def _describe(looks: Sequence[Look]) -> _Described:
    luma = np.stack([look.luma.ravel() for look in looks])
    means = luma.mean(axis=1)
    centred = luma - means[:, None]
    lengths = np.maximum(np.linalg.norm(centred, axis=1), 1e-6)
    chroma = [(look.chroma[0].mean(), look.chroma[1].mean()) for look in looks]
    tones = np.column_stack([means, np.array(chroma, np.float32)])
    plain = luma.std(axis=1) < _PLAIN_DEVIATION
    return _Described((centred / lengths[:, None]).astype(np.float32), tones.astype(np.float32), plain)
