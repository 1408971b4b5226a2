"""Hook: whether the first seconds give a reason to stay.

Question, direct address, contrast, strong claim and number are the openings that studies of headlines and of short
video name again and again (Blom and Hansen 2015 on forward reference in headlines). They are found by punctuation and
by the word lists of `lexicon`; a language without lists still has its question marks and digits.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.segments.lexicon import bare_word, lexicon
from processors.segments.material import Ints, Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal, quoted

# Viewers of short video decide within the first seconds; 5 s hold the first 12 to 15 spoken words.
HOOK_MS: Final = 5_000

# What an opening is worth: a question most, since it opens a gap that only the rest of the segment closes.
WORTH: Final = {"question": 1.0, "address": 0.7, "contrast": 0.6, "strong": 0.6, "number": 0.5}
_WORDING: Final = {
    "question": "opens with a question",
    "address": "speaks to the viewer",
    "contrast": "sets up a contrast",
    "strong": "makes a strong claim",
    "number": "names a number",
}
_QUESTION_MARKS: Final = ("?", "？", "؟")


class Hook(Signal):
    """Weighted count of the kinds of openings found in the first `HOOK_MS`."""

    name = "hook"
    group = "speech"
    # most of all signals: what is not watched past its start has no other merit
    weight = 0.09

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        tokens = material.tokens
        if not tokens:
            return None
        flags = material.once("hook", lambda: _flags(material))
        starts = np.array([token.start_ms for token in tokens], dtype=np.int64)
        low = windows.word_low
        opening = starts[np.minimum(low, len(tokens) - 1)] + HOOK_MS
        high = np.maximum(low, np.minimum(windows.word_high, np.searchsorted(starts, opening, "left")))
        raw = np.zeros(len(windows))
        for kind, worth in WORTH.items():
            raw += worth * (Totals(flags[kind]).sum(_after_first(low, high, kind), high) > 0)

        def detail(index: int) -> str:
            found = []
            for kind, wording in _WORDING.items():
                begin = int(_after_first(low, high, kind)[index])
                hits = [at for at in range(begin, int(high[index])) if flags[kind][at]]
                if hits and kind == "question":
                    found.append(wording)
                elif hits:
                    found.append(f"{wording} ({quoted([bare_word(tokens[hits[0]].text)])})")
            return ", ".join(found) or f"no question, address, contrast or number in the first {HOOK_MS // 1000} s"

        return Measured(raw, detail)


def _after_first(low: Ints, high: Ints, kind: str) -> Ints:
    """A contrast in the first word refers back instead of setting up: it does not count."""
    return np.minimum(low + 1, high) if kind == "contrast" else low


def _flags(material: Material) -> dict[str, list[bool]]:
    flags: dict[str, list[bool]] = {kind: [False] * len(material.tokens) for kind in WORTH}
    for index, token in enumerate(material.tokens):
        words = lexicon(token.language)
        for kind in ("address", "contrast", "strong", "number"):
            flags[kind][index] = words.has(kind, token.text)
        flags["number"][index] |= any(map(str.isdigit, token.text))
    for sentence, asks in zip(material.sentences, asking(material), strict=True):
        if asks:
            flags["question"][sentence.first : sentence.last + 1] = [True] * (sentence.last + 1 - sentence.first)
    return flags


def asking(material: Material) -> list[bool]:
    """Of each sentence whether it is a question."""
    marked = any(token.text.rstrip("\"'”»)").endswith(_QUESTION_MARKS) for token in material.tokens)
    if not marked:  # recognisers without question marks: the first word decides
        return [_asks(material, sentence.first) for sentence in material.sentences]
    lasts = (material.tokens[sentence.last].text.rstrip("\"'”»)") for sentence in material.sentences)
    return [last.endswith(_QUESTION_MARKS) for last in lasts]


def _asks(material: Material, first: int) -> bool:
    token = material.tokens[first]
    return lexicon(token.language).has("question", token.text)


__all__ = ["HOOK_MS", "WORTH", "Hook", "asking"]
