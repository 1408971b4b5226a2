"""Elaboration: whether things are said in full.

A thought that stands alone takes whole sentences; "yeah", "okay", "right" and halves of sentences keep a conversation
going and say nothing to whoever was not there. The measure is the mean number of words of the sentence that a word
lies in, which weighs long sentences as much as they fill.
"""

from __future__ import annotations

import numpy as np

from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal, plural

# Longer ones are run-ons of speech or of the recogniser, and no fuller.
MOST_WORDS = 30
FEW_WORDS = 3


class Elaboration(Signal):
    """Mean length in words of the sentences, by word, up to `MOST_WORDS`."""

    name = "elaboration"
    group = "speech"
    # separates talk from chatter on meetings (docs/ranking.md)
    weight = 0.06

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        if not material.sentences:
            return None
        words = np.array([sentence.last - sentence.first + 1 for sentence in material.sentences], dtype=np.float64)
        raw = Totals(np.minimum(words, MOST_WORDS), words).mean(windows.sentence_low, windows.sentence_high)

        def detail(index: int) -> str:
            inside = words[int(windows.sentence_low[index]) : int(windows.sentence_high[index])]
            short = int((inside <= FEW_WORDS).sum())
            return f"sentences of {float(np.mean(inside)):.0f} words in the mean, {plural(short, 'scrap')} among them"

        return Measured(raw, detail)


__all__ = ["Elaboration"]
