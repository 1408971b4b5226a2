"""Rhythm: how often the picture cuts."""

from __future__ import annotations

import numpy as np

from processors.segments.material import Material, Windows
from processors.segments.signals.base import Measured, Signal, plural


class Rhythm(Signal):
    """Cuts per minute strictly inside the window."""

    name = "rhythm"
    group = "vision"
    # says something about the editing, less about the moment
    weight = 0.02

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        if not material.has_shots:
            return None
        cuts = windows.cut_high - windows.cut_low
        rate = (cuts / windows.minutes).astype(np.float64)

        def detail(index: int) -> str:
            if not cuts[index]:
                return "one continuous shot"
            return f"{plural(int(cuts[index]), 'cut')}, {float(rate[index]):.0f} per minute"

        return Measured(rate, detail)


__all__ = ["Rhythm"]
