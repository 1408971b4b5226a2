"""Pitch: how much the melody of the voices moves.

Engaged speakers vary their pitch more (Hirschberg and Rosenberg 2005 on charisma). Standard deviation of the
fundamental in semitones, so that low and high voices compare, as measured per utterance; the mean over the words of the
window.
"""

from __future__ import annotations

import numpy as np

from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal


class Pitch(Signal):
    """Mean standard deviation of the pitch in semitones, >= 0; not measured where no voice was measured."""

    name = "pitch"
    group = "audio"
    # the liveliest part of a voice, still less than the words
    weight = 0.03

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        varied = [
            np.nan if said.voice is None or said.voice.pitch_variation_st is None else said.voice.pitch_variation_st
            for said in material.transcript
        ]
        known = Totals(varied[token.utterance] for token in material.tokens)
        if not known.any_known:
            return None
        raw, usual = known.mean(windows.word_low, windows.word_high), known.overall_mean

        def detail(index: int) -> str:
            return f"the voice moves by ±{float(raw[index]):.1f} semitones, ±{usual:.1f} on average"

        return Measured(raw, detail)


__all__ = ["Pitch"]
