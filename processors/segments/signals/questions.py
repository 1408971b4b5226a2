"""Questions: whether something is asked that is then answered.

A question in the window opens a gap that what follows closes; one as the last sentence stays open, and does not count.
"""

from __future__ import annotations

import numpy as np

from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal, plural
from processors.segments.signals.hook import asking

MOST = 3.0  # more questions in a window are an interview or a quiz


class Questions(Signal):
    """Questions that are followed by something, up to `MOST`."""

    name = "questions"
    group = "speech"
    # half of all questions are "okay?"
    weight = 0.01

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        if not material.sentences:
            return None
        asked = material.once("asking", lambda: asking(material))
        low, high = windows.sentence_low, windows.sentence_high
        count = Totals(map(float, asked)).sum(low, np.maximum(low, high - 1))
        raw = np.where(high > low, np.minimum(count, MOST), np.nan)

        def detail(index: int) -> str:
            return f"{plural(int(count[index]), 'question')} with what follows" if count[index] else "nothing is asked"

        return Measured(raw, detail)


__all__ = ["Questions"]
