"""Surprise: how unlike what was said just before it is what is said here.

A turn that nobody expects wakes up (information by its improbability, Shannon; Bayesian surprise, Itti and Baldi 2009).
Measured per sentence, against the mean of the sentences of the minute before it.
"""

from __future__ import annotations

import numpy as np

from processors.segments.material import Material, Totals, Windows
from processors.segments.meaning import Meaning
from processors.segments.signals.base import Measured, Signal

BEFORE_SENTENCES = 12  # a minute of speech


class Surprise(Signal):
    """Mean of 1 less the cosine of each sentence with what was said before it, 0..2."""

    name = "surprise"
    group = "speech"
    # alone it also likes chatter
    weight = 0.01

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        meaning = material.meaning
        if meaning is None or len(meaning.weights) < 2:
            return None
        unlike = material.once("unlikeness", lambda: unlikeness(meaning))
        total = Totals(unlike, meaning.weights)
        raw, usual = total.mean(windows.sentence_low, windows.sentence_high), total.overall_mean

        def detail(index: int) -> str:
            return f"{float(raw[index]) / max(usual, 1e-9):.2f} times as unlike what was said before as is usual"

        return Measured(raw, detail)


def unlikeness(meaning: Meaning) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Of each sentence 1 less the cosine with the mean of those before it; NaN for the first."""
    count = len(meaning.weights)
    sums = np.zeros((count + 1, meaning.vectors.shape[1]))
    np.cumsum(meaning.vectors * meaning.weights[:, None], axis=0, out=sums[1:])
    at = np.arange(count)
    before = sums[at] - sums[np.maximum(0, at - BEFORE_SENTENCES)]
    lengths = np.linalg.norm(before, axis=1)
    cosine = np.einsum("ij,ij->i", meaning.vectors, before) / np.maximum(lengths, 1e-9)
    return np.where(lengths > 0, 1 - cosine, np.nan)


__all__ = ["Surprise", "unlikeness"]
