"""Contrast: turns and strong claims, wherever in the window they come.

"But", "instead", "never", "the biggest mistake": a thought that goes against something has a point. Words of the
lexicon per 100 words; those of the opening count for the hook as well.
"""

from __future__ import annotations

from processors.segments.lexicon import bare_word, lexicon
from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal, quoted
from processors.segments.words import Token

SHOWN = 3


class Contrast(Signal):
    """Words of contrast and of strong claims per 100 words; None where no language of the video has a list."""

    name = "contrast"
    group = "speech"
    # words alone: a hint
    weight = 0.02

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        if not any(lexicon(language).known for language in {token.language for token in material.tokens}):
            return None
        strong = material.once("contrast", lambda: [is_strong(token) for token in material.tokens])
        low, high = windows.word_low, windows.word_high
        raw = 100 * Totals(map(float, strong)).mean(low, high)

        def detail(index: int) -> str:
            found = [
                bare_word(material.tokens[at].text) for at in range(int(low[index]), int(high[index])) if strong[at]
            ]
            return f"turns and claims: {quoted(list(dict.fromkeys(found))[:SHOWN])}" if found else "no contrast"

        return Measured(raw, detail)


def is_strong(token: Token) -> bool:
    """Whether a word turns or claims strongly."""
    listed = lexicon(token.language)
    return listed.has("contrast", token.text) or listed.has("strong", token.text)


__all__ = ["Contrast", "is_strong"]
