"""Figures: numbers that are named.

A number is concrete, and is remembered and quoted. Numerals and number words of the lexicon, by word of the window;
ordinals and years count like any other.
"""

from __future__ import annotations

from processors.segments.lexicon import bare_word, lexicon
from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal, quoted
from processors.segments.words import Token

SHOWN = 3


class Figures(Signal):
    """Numbers per 100 words, >= 0."""

    name = "figures"
    group = "speech"
    # lists of numbers without a point have them, too
    weight = 0.01

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        if not material.tokens:
            return None
        numbers = material.once("numbers", lambda: [is_number(token) for token in material.tokens])
        low, high = windows.word_low, windows.word_high
        raw = 100 * Totals(map(float, numbers)).mean(low, high)

        def detail(index: int) -> str:
            found = [
                bare_word(material.tokens[at].text) for at in range(int(low[index]), int(high[index])) if numbers[at]
            ]
            return f"names {quoted(list(dict.fromkeys(found))[:SHOWN])}" if found else "no numbers"

        return Measured(raw, detail)


def is_number(token: Token) -> bool:
    """Whether a word is a number, in digits or in words."""
    return any(map(str.isdigit, token.text)) or lexicon(token.language).has("number", token.text)


__all__ = ["Figures", "is_number"]
