"""Intent: whether somebody teaches, tells, advises, jokes or holds an opinion, rather than runs a meeting.

What a sentence is for is told by a small classifier over its meaning (`processors.content.intent`).
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np

from processors.content.intent import intents
from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal

TELLING: Final = frozenset({"teach", "story", "opinion", "advise", "joke"})


class Intent(Signal):
    """Mean probability of an intent to share something, 0..1, weighted by words."""

    name = "intent"
    group = "speech"
    # a small classifier's guess, sentence by sentence
    weight = 0.04

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        meaning = material.meaning
        if meaning is None:
            return None
        found = material.once("intents", lambda: intents(meaning.vectors))
        sure = np.array([probability if name in TELLING else 0.0 for name, probability in found], dtype=np.float64)
        raw = Totals(sure, meaning.weights).mean(windows.sentence_low, windows.sentence_high)

        def detail(index: int) -> str:
            inside = found[int(windows.sentence_low[index]) : int(windows.sentence_high[index])]
            counts = Counter(name for name, _ in inside)
            return f"mostly: {min(counts, key=lambda name: (-counts[name], name))}" if counts else "nothing is said"

        return Measured(raw, detail)


__all__ = ["TELLING", "Intent"]
