"""Names: people, places and things that are called by their name.

Named things make a story concrete and are what people search for. Found by capitals inside sentences, so German, which
writes all nouns so, and scripts without capitals are not measured.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.languages import UNSPACED
from processors.segments.lexicon import bare_word
from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal, quoted

# German and Luxembourgish write every noun with a capital.
WITHOUT: Final = frozenset({*UNSPACED, "de", "lb", "ar", "he", "fa", "ur", "hi", "bn", "ta", "te", "ka", "ko"})
SHOWN: Final = 3


class Names(Signal):
    """Words with a capital inside sentences per 100 words; not measured in languages in which that tells nothing."""

    name = "names"
    group = "speech"
    # also the names of those who are present
    weight = 0.01

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        names = material.once("names", lambda: named(material))
        if not np.isfinite(names).any():
            return None
        low, high = windows.word_low, windows.word_high
        raw = 100 * Totals(names).mean(low, high)

        def detail(index: int) -> str:
            found = [material.tokens[at].text for at in range(int(low[index]), int(high[index])) if names[at] == 1]
            shown = list(dict.fromkeys(text.strip(',.;:!?"”’') for text in found))[:SHOWN]
            return f"names {quoted(shown)}" if shown else "nobody and nothing is named"

        return Measured(raw, detail)


def named(material: Material) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Of each word 1 for a name, 0 for none, NaN where nothing can be told."""
    names = np.full(len(material.tokens), np.nan)
    for sentence in material.sentences:
        if sentence.language in WITHOUT:
            continue
        for at in range(sentence.first, sentence.last + 1):
            word = bare_word(material.tokens[at].text)
            text = material.tokens[at].text.strip("\"“”‘’'([{")
            names[at] = float(
                at > sentence.first and text[:1].isupper() and len(word) > 1 and not word.startswith("i'")
            )
    return names


__all__ = ["WITHOUT", "Names", "named"]
