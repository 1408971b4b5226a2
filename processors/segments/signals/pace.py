"""Pace: how much is said, in words per minute of the window, pauses included.

Density of speech covers both how fast somebody speaks and how much of the time; long silences are what viewers skip.
"""

from __future__ import annotations

import numpy as np

from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal


class Pace(Signal):
    """Words per minute; 0 where nobody speaks."""

    name = "pace"
    group = "speech"
    # a helper: fast talk alone is no reason to watch
    weight = 0.03

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        if not material.tokens:
            return None
        rate = (windows.word_high - windows.word_low) / windows.minutes
        spoken_ms = Totals(token.end_ms - token.start_ms for token in material.tokens)
        share = spoken_ms.sum(windows.word_low, windows.word_high) / (windows.minutes * 60_000)

        def detail(index: int) -> str:
            if windows.word_high[index] == windows.word_low[index]:
                return "no speech"
            percent = round(100 * float(share[index]))
            return f"{round(float(rate[index]))} words per minute, speech {percent} % of the time"

        return Measured(rate.astype(np.float64), detail)


__all__ = ["Pace"]
