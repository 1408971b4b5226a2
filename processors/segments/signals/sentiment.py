"""Sentiment: how strongly people speak of what they like or dislike.

What moves is passed on, pleasant or not (Berger and Milkman 2012). The strength of the valence that was read from words
and voice per utterance, whichever its sign; the mean over the words of the window.
"""

from __future__ import annotations

import numpy as np

from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal


class Sentiment(Signal):
    """Mean strength of the valence, 0..1; not measured where no feeling was read."""

    name = "sentiment"
    group = "speech"
    # lists of words are a coarse reader of feelings
    weight = 0.02

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        valence = [np.nan if said.emotion is None else said.emotion.valence for said in material.transcript]
        felt = Totals(abs(valence[token.utterance]) for token in material.tokens)
        if not felt.any_known:
            return None
        low, high = windows.word_low, windows.word_high
        raw, signed = (
            felt.mean(low, high),
            Totals(valence[token.utterance] for token in material.tokens).mean(low, high),
        )

        def detail(index: int) -> str:
            tone = "pleasant" if signed[index] > 0 else "unpleasant"
            return f"{tone} on the whole, {float(raw[index]):.2f} strong" if raw[index] else "no feeling in the words"

        return Measured(raw, detail)


__all__ = ["Sentiment"]
