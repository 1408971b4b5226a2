"""Substance: how much of what the video is about is said here.

Content words are told from function words by the video itself: those in many sentences are grammar. Content words
that come back in other sentences carry the topic and count most (the idea of SumBasic, Nenkova and Vanderwende 2005).
The count is divided by the square root of the length: half way between how much and how densely, which also keeps
the very short windows from winning by chance in the other signals.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np

from processors.languages import UNSPACED
from processors.segments.lexicon import bare_word
from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal, quoted
from processors.segments.words import Token

# Function words of the alphabetic languages are mostly of up to three letters ("the", "und", "que").
LEAST_LETTERS: Final = 4
# A word in more than this share of the sentences is grammar whatever its length ("that", "have", "nicht") ...
COMMON_SHARE: Final = 0.08
# ... provided there are enough sentences to tell.
ENOUGH_SENTENCES: Final = 25
TOPIC_WORTH: Final = 1.0
OTHER_WORTH: Final = 0.25
SHOWN_WORDS: Final = 3


class Substance(Signal):
    """Content words per square root of minutes, each once per sentence."""

    name = "substance"
    group = "speech"
    # what a viewer takes home; below hook and completeness, since counting words knows no meaning
    weight = 0.06

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        if not material.tokens:
            return None
        worth, words = material.once("content_worth", lambda: content_worth(material))
        total = Totals(worth).sum(windows.word_low, windows.word_high)

        def detail(index: int) -> str:
            low, high = int(windows.word_low[index]), int(windows.word_high[index])
            counts = Counter(words[at] for at in range(low, high) if worth[at] >= TOPIC_WORTH)
            shown = sorted(counts, key=lambda word: (-counts[word], -len(word), word))[:SHOWN_WORDS]
            return f"words of the topic: {quoted(shown)}" if shown else "no words that come back in the video"

        return Measured(total / np.sqrt(windows.minutes), detail)


def content_worth(material: Material) -> tuple[list[float], list[str]]:
    """For each token its worth (0 for function words and repeats within a sentence) and its bare word."""
    words = [bare_word(token.text) for token in material.tokens]
    spread = Counter[str]()
    for sentence in material.sentences:
        spread.update(set(words[sentence.first : sentence.last + 1]))
    count = len(material.sentences)
    ceiling = count * COMMON_SHARE if count >= ENOUGH_SENTENCES else count
    worth = [0.0] * len(words)
    for sentence in material.sentences:
        seen: set[str] = set()
        for index in range(sentence.first, sentence.last + 1):
            word = words[index]
            if word in seen or not _may_carry(material.tokens[index], word) or spread[word] > ceiling:
                continue
            seen.add(word)
            worth[index] = TOPIC_WORTH if spread[word] > 1 else OTHER_WORTH
    return worth, words


def _may_carry(token: Token, word: str) -> bool:
    if token.language in UNSPACED:
        return word != ""
    return len(word) >= LEAST_LETTERS and not word.isdigit()


__all__ = ["Substance", "content_worth"]
