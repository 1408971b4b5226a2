"""Completeness: whether the window can be understood alone.

It should start where a sentence starts, without a word that needs what came before ("and", "she"), and end where a
sentence ends: not on a question, since the answer is what the question is for, not where the next sentence goes on with
"and so", and best before a pause. Clips that start in the middle of a thought are the complaint heard most about
automatic clipping.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.segments.candidates import GOOD_PAUSE_MS, refers_back
from processors.segments.lexicon import bare_word
from processors.segments.material import Material, Windows
from processors.segments.signals.base import Measured, Signal
from processors.segments.signals.hook import asking

# Shares of the parts, together 1: the opening matters twice, as it decides whether the rest is heard at all.
OPENS: Final = 0.30
STANDS_ALONE: Final = 0.25
CLOSES: Final = 0.20
ANSWERED: Final = 0.10
SETTLED: Final = 0.05
PAUSE: Final = 0.10


class Completeness(Signal):
    """Share of the marks of a complete thought that the window has, 0..1."""

    name = "completeness"
    group = "speech"
    # next to the hook: it separates a clip from a torn-out piece
    weight = 0.09
    in_curve = False  # a few seconds around a moment have no first sentence

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        sentences = material.sentences
        if not sentences:
            return None
        opens = np.array([sentence.opens for sentence in sentences])
        closes = np.array([sentence.closes for sentence in sentences])
        alone = np.array([dangling_word(material, index) == "" for index in range(len(sentences))])
        answered = ~np.array(asking(material))
        settled = np.append(alone[1:], True)
        pauses = np.array([_pause_after(material, index) for index in range(len(sentences))])
        first = np.array([window.first for window in windows.spans], dtype=np.int64)
        last = np.array([window.last for window in windows.spans], dtype=np.int64)
        raw = OPENS * opens[first] + STANDS_ALONE * (alone[first] & opens[first])
        raw = raw + closes[last] * (CLOSES + ANSWERED * answered[last] + SETTLED * settled[last]) + PAUSE * pauses[last]

        def detail(index: int) -> str:
            begin, end = int(first[index]), int(last[index])
            start = "starts with a whole sentence" if opens[begin] else "starts inside a sentence"
            if opens[begin] and not alone[begin]:
                start = f"starts with “{dangling_word(material, begin)}”, which refers back"
            asks = " that is a question" if closes[end] and not answered[end] else ""
            return f"{start}, {'ends with one' if closes[end] and opens[begin] else _ending(bool(closes[end]))}{asks}"

        return Measured(np.where(first >= 0, raw, np.nan), detail)


def dangling_word(material: Material, sentence: int) -> str:
    """The first word of a sentence when it needs what was said before, else an empty string."""
    token = material.tokens[material.sentences[sentence].first]
    return bare_word(token.text) if refers_back(token) else ""


def _ending(closes: bool) -> str:
    return "ends with a whole sentence" if closes else "ends inside a sentence"


def _pause_after(material: Material, sentence: int) -> float:
    last = material.sentences[sentence].last
    tokens = material.tokens
    following_ms = tokens[last + 1].start_ms if last + 1 < len(tokens) else material.duration_ms
    return min(max(following_ms - tokens[last].end_ms, 0), GOOD_PAUSE_MS) / GOOD_PAUSE_MS


__all__ = ["ANSWERED", "CLOSES", "OPENS", "PAUSE", "SETTLED", "STANDS_ALONE", "Completeness", "dangling_word"]
