"""Dynamics: how much the loudness of the voices changes inside the window.

A lively delivery goes up and down; a read text stays level. Standard deviation over the words of the window, of the
loudness of their utterances; it takes at least two utterances.
"""

from __future__ import annotations

import numpy as np

from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal
from processors.segments.signals.loudness import word_levels


class Dynamics(Signal):
    """Standard deviation of the loudness in dB, >= 0; NaN within a single utterance."""

    name = "dynamics"
    group = "audio"
    # liveliness tells more than level, but utterances are a coarse grid for it
    weight = 0.02

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        levels = np.array(list(word_levels(material)), dtype=np.float64)
        known = Totals(levels)
        if not known.any_known:
            return None
        # centred first: the difference of two large means of squares would lose digits
        centred = levels - known.overall_mean
        low, high = windows.word_low, windows.word_high
        variance = Totals(centred**2).mean(low, high) - Totals(centred).mean(low, high) ** 2
        utterances = np.array([token.utterance for token in material.tokens], dtype=np.int64)
        last = len(utterances) - 1
        several = (high > low) & (utterances[np.minimum(low, last)] != utterances[np.clip(high - 1, 0, last)])
        raw = np.where(several, np.sqrt(np.maximum(variance, 0.0)), np.nan)
        return Measured(raw, lambda index: f"loudness varies by ±{float(raw[index]):.1f} dB")


__all__ = ["Dynamics"]
