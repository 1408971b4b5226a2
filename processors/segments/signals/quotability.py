"""Quotability: one sentence that can be quoted.

Memorable lines are short, general and about something (Danescu-Niculescu-Mizil et al. 2012). The best sentence of the
window counts: whole, of a length that is read at a glance, without a word that refers back, with content words.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.segments.material import Floats, Ints, Material, Windows
from processors.segments.signals.base import Measured, Signal, quoted
from processors.segments.signals.completeness import dangling_word
from processors.segments.signals.substance import content_worth
from processors.segments.words import shortened

FEWEST_WORDS: Final = 5
MOST_WORDS: Final = 18  # a line of two rows on a phone
BEST_OF: Final = 3  # content words in so few words say enough; more make no better line
SHOWN_CHARACTERS: Final = 60


class Quotability(Signal):
    """How good the best sentence of the window is as a line, 0..1."""

    name = "quotability"
    group = "speech"
    # form alone: whether the line is true or witty is not seen
    weight = 0.02
    in_curve = False  # a few seconds have no whole sentence

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        if not material.sentences:
            return None
        worth = lines(material)
        low, high = windows.sentence_low, windows.sentence_high
        best = _best(worth, low, high)
        raw = np.where(high > low, worth[best], np.nan)

        def detail(index: int) -> str:
            text = material.sentences[int(best[index])].text
            return (
                f"its best line: {quoted([shortened(text, SHOWN_CHARACTERS)])}"
                if raw[index] > 0
                else "no line to quote"
            )

        return Measured(raw, detail)


def lines(material: Material) -> Floats:
    """Of each sentence how good it is as a line, 0..1."""
    worth, _ = content_worth(material)
    found = np.zeros(len(material.sentences))
    for number, sentence in enumerate(material.sentences):
        count = sentence.last - sentence.first + 1
        whole = sentence.opens and sentence.closes
        if whole and FEWEST_WORDS <= count <= MOST_WORDS and not dangling_word(material, number):
            told = sum(value > 0 for value in worth[sentence.first : sentence.last + 1])
            found[number] = min(told, BEST_OF) / BEST_OF
    return found


def _best(worth: Floats, low: Ints, high: Ints) -> Ints:
    """Position of the first highest value in each [low, high), by a table of powers of two; `low` where empty."""
    count = len(worth)
    order = np.argsort(np.argsort(-worth, kind="stable"), kind="stable")  # 0 is the best, ties to the earlier
    levels = [np.arange(count)]
    while (step := 1 << len(levels)) <= count:
        before = levels[-1]
        left, right = before[: count - step + 1], before[step // 2 : count - step // 2 + 1]
        levels.append(np.where(order[left] <= order[right], left, right))
    best = np.minimum(low, count - 1)
    for position in np.flatnonzero(high > low):
        level = int(high[position] - low[position]).bit_length() - 1
        left, right = levels[level][low[position]], levels[level][high[position] - (1 << level)]
        best[position] = left if order[left] <= order[right] else right
    return best


__all__ = ["Quotability", "lines"]
