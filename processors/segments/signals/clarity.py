"""Clarity: how sure the recogniser was of the words.

Low probabilities mean noise, crosstalk, mumbling or singing: hard to follow for people too, and bad captions.
"""

from __future__ import annotations

from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal


class Clarity(Signal):
    """Mean probability of the words; not measured where nobody speaks."""

    name = "clarity"
    group = "speech"
    # mostly a guard against garbled passages
    weight = 0.03

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        if not material.tokens:
            return None
        raw = Totals(token.probability for token in material.tokens).mean(windows.word_low, windows.word_high)
        return Measured(raw, lambda index: f"words recognised with {round(100 * float(raw[index]))} % certainty")


__all__ = ["Clarity"]
