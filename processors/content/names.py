"""Named things of a sentence: runs of words with a capital where writing asks for none.

The rule of key phrases for what is a name: each word of the run has a capital, none opens the sentence, and no comma
divides them. At least one must be rare in text at large, which "I" and the days of the week are not. Where every noun
has a capital, only runs of two words and more count. There is no list of names and no network: what is named by one
word that opens a sentence, or in a script without capitals, is not found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from processors.content.phrases import COMMON_AT_MOST, MIN_LETTERS, Language, bare_of
from processors.segments.sentences import clause_ends

MAX_NAMES: Final = 10  # of a sentence: a list of cities, not the text of a poster in capitals
MAX_WORDS: Final = 5  # "the Museum of Modern Art" is two names, and nobody misses a longer one
_NOUNS_HAVE_CAPITALS: Final = frozenset({"de", "lb"})


def names_in(words: Sequence[str], language: str, vocabulary: Language) -> list[str]:
    """The named things of a sentence, each once, in the order in which they are said.

    Args:
        words: in order, with their punctuation.
        language: ISO 639 code.
        vocabulary: tells how common a word is.
    """
    least = 2 if language in _NOUNS_HAVE_CAPITALS else 1
    found: list[str] = []
    run: list[str] = []
    for position, word in enumerate([*words, ""]):
        bare = bare_of(word)
        named = position > 0 and bare[:1].isupper()
        if named:
            run.append(bare)
        if not named or clause_ends(word):
            if least <= len(run) <= MAX_WORDS and _tells(run, vocabulary):
                found.append(" ".join(run))
            run = []
    return list(dict.fromkeys(found))[:MAX_NAMES]


def _tells(run: Sequence[str], vocabulary: Language) -> bool:
    return any(len(word) >= MIN_LETTERS and vocabulary.log_probability(word) < COMMON_AT_MOST for word in run)


__all__ = ["MAX_NAMES", "names_in"]
