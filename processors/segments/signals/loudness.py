"""Loudness: how energetic the voices are, against the rest of the video.

Loudness of the utterances in decibels relative to full scale, averaged over the words of the window. Raised voices
and laughter lift it; compared within one video, microphone and mix drop out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal


class Loudness(Signal):
    """Mean loudness of the speech in dB (<= 0)."""

    name = "loudness"
    group = "audio"
    # weak alone: loud is often only near to the microphone
    weight = 0.02

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        levels = Totals(word_levels(material))
        if not levels.any_known:
            return None
        raw = levels.mean(windows.word_low, windows.word_high)
        usual = levels.overall_mean

        def detail(index: int) -> str:
            difference = float(raw[index]) - usual
            if abs(difference) < 0.5:  # dB; less is not heard as a difference
                return "as loud as the speech on average"
            return f"{abs(difference):.0f} dB {'louder' if difference > 0 else 'softer'} than the speech on average"

        return Measured(raw, detail)


def word_levels(material: Material) -> Iterator[float]:
    """Loudness of each word in dB, that of its utterance; NaN where not measured."""
    levels = [np.nan if utterance.loudness_db is None else utterance.loudness_db for utterance in material.transcript]
    return (levels[token.utterance] for token in material.tokens)


__all__ = ["Loudness", "word_levels"]
