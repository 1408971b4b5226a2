"""Worth: whether it sounds like what people find worth keeping.

A linear model over the meaning of the sentences, trained on passages of which it is known whether people marked them
(`ops/models/train_ranking.py` says on which). It knows what kind of thing is said, not whether it is true or new, and
it does not know words: two sentences of one meaning have one worth, in every language of the encoder.
"""

from __future__ import annotations

import numpy as np

from processors.segments.learned import model
from processors.segments.material import Floats, Material, Totals, Windows
from processors.segments.meaning import Meaning
from processors.segments.signals.base import Measured, Signal

USUAL_SENTENCES = 20  # a minute or two of speech


class Worth(Signal):
    """Mean log odds of the sentences, weighted by their words."""

    name = "worth"
    group = "speech"
    weight = 0.12

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        if material.meaning is None:
            return None
        raw = window_worth(material, windows)

        def detail(index: int) -> str:
            odds = float(1 / (1 + np.exp(-raw[index])))
            if odds < 0.5:
                return f"does not sound like what people keep ({round(100 * odds)} %)"
            return f"sounds like what people keep, by {round(100 * odds)} %"

        return Measured(raw, detail)


def window_worth(material: Material, windows: Windows) -> Floats:
    """Of each window the mean log odds of its sentences; NaN without sentences or without meaning."""
    meaning = material.meaning
    if meaning is None:
        return np.full(len(windows), np.nan)
    return Totals(sentence_worth(meaning), meaning.weights).mean(windows.sentence_low, windows.sentence_high)


def sentence_worth(meaning: Meaning) -> Floats:
    """Of each sentence its log odds."""
    return np.asarray(meaning.vectors.astype(np.float64) @ model().worth + model().worth_bias, dtype=np.float64)


def worth_spread(material: Material) -> float:
    """Standard deviation of the log odds of a video's sentences, weighted by their words.

    Of a few sentences it is hardly known: it is drawn to what is usual, as by `USUAL_SENTENCES` more of them.
    """
    usual, meaning = model().spread, material.meaning
    if meaning is None:
        return usual
    count = len(meaning.weights)
    own = spread_of(sentence_worth(meaning), meaning.weights)
    return (count * own + USUAL_SENTENCES * usual) / (count + USUAL_SENTENCES)


def spread_of(odds: Floats, weights: Floats) -> float:
    """Weighted standard deviation."""
    mean = np.average(odds, weights=weights)
    return float(np.sqrt(np.average((odds - mean) ** 2, weights=weights)))


__all__ = ["Worth", "sentence_worth", "spread_of", "window_worth", "worth_spread"]
