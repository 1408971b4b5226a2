"""Which words hold a stretch of speech together: vectors of the words that belong to some places and not to all.

Without any list of words, so it works in every language: a word is worth more the fewer parts of the video it occurs
in, and nothing when it occurs once. What occurs everywhere ("the", "und", "para") thus weighs nothing by itself
(Morris and Hirst 1991 on cohesion; Salton's inverse document frequency with parts of the video as documents).
"""

from __future__ import annotations

import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

# Parts that the video is cut into for the spread of a word; of 30 the words of one topic in a quarter hour fill a few.
PARTS: Final = 30
# Words are compared by their beginning: it stands for a stem in languages that put endings on words.
STEM_LETTERS: Final = 6
# Words are thrown into this many places with a sign (feature hashing, Weinberger et al. 2009): two different words meet
# seldom, and their meetings cancel out.
PLACES: Final = 256
_SIGN_BIT: Final = 16


def cohesion_vectors(sentences: Sequence[Sequence[str]]) -> Vectors:
    """Vectors whose cosine says how many telling words two sentences share.

    Args:
        sentences: each as its words in lower case without punctuation.

    Returns:
        float32 of shape (sentences, 256); rows of length 1, or 0 where a sentence has no telling word.
    """
    stems = [[word[:STEM_LETTERS] for word in words] for words in sentences]
    worth = spread_worth(stems)
    vectors = np.zeros((len(stems), PLACES), dtype=np.float32)
    for row, words in enumerate(stems):
        for word in words:
            place = zlib.crc32(word.encode())
            vectors[row, place % PLACES] += worth[word] if place >> _SIGN_BIT & 1 else -worth[word]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)


def spread_worth(sentences: Sequence[Sequence[str]]) -> dict[str, float]:
    """What each word is worth: log of parts of the video by parts it occurs in; 0 for a word that occurs once."""
    parts = min(PARTS, len(sentences))
    places: dict[str, set[int]] = defaultdict(set)
    counts: Counter[str] = Counter()
    for position, words in enumerate(sentences):
        counts.update(words)
        for word in words:
            places[word].add(position * parts // len(sentences))
    return {word: math.log(parts / len(places[word])) if count > 1 else 0.0 for word, count in counts.items()}


__all__ = ["PLACES", "cohesion_vectors", "spread_worth"]
