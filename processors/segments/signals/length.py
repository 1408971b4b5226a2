"""Length: long enough for a complete thought.

What people mark as worth it in talks seldom takes less than half a minute. Longer than `ENOUGH_MS` is no better: the
platforms' ideal lengths are a matter of the candidates' bounds.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.segments.material import Material, Windows
from processors.segments.signals.base import Measured, Signal

ENOUGH_MS: Final = 75_000


class Length(Signal):
    """Length in seconds, up to `ENOUGH_MS`."""

    name = "length"
    group = "structure"
    weight = 0.06
    in_curve = False  # all windows of the curve have one length

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        lengths = windows.ends - windows.starts
        raw = np.minimum(lengths, ENOUGH_MS) / 1_000
        return Measured(raw.astype(np.float64), lambda index: f"{int(lengths[index]) / 1_000:.0f} s long")


__all__ = ["ENOUGH_MS", "Length"]
