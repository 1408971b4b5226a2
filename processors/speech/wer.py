"""Word error rate: normalised words, and the errors of the best alignment.

Normalisation is simple on purpose and the same for every language: lower case, punctuation off, diacritics kept (they
tell words apart), English contractions and numbers left as they are written. So the rate is a little too high where the
reference says "twenty" and the text "20", for every system alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"})
# Letters, digits and combining marks make a word; an apostrophe or a point between two of them belongs to it ("don't",
# "3.5"). A hyphen parts words ("post-mortem" is two), as systems differ in it most of all.
_WORD = re.compile(r"[^\W_]+(?:['.][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Errors of a text against a reference, in words; counts of several texts add up with `+`."""

    substitutions: int
    deletions: int
    insertions: int
    reference_words: int

    @property
    def errors(self) -> int:
        """All errors."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors per word of the reference, >= 0, above 1 possible; 0 or infinite when the reference has no words."""
        if self.reference_words == 0:
            return 0.0 if self.errors == 0 else float("inf")
        return self.errors / self.reference_words

    def __add__(self, other: WordErrors) -> WordErrors:
        return WordErrors(
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.reference_words + other.reference_words,
        )


NO_ERRORS = WordErrors(0, 0, 0, 0)


def normalise(text: str) -> list[str]:
    """The words of a text in comparable form: composed Unicode (NFKC), lower case, no punctuation."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).lower())


def word_errors(reference: str | Sequence[str], hypothesis: str | Sequence[str]) -> WordErrors:
    """Count the errors of the alignment with the fewest (Levenshtein distance on words).

    Among alignments with equally few errors, substitutions are preferred to a deletion with an insertion.

    Args:
        reference: what was said: a text, or words normalised already.
        hypothesis: what was recognised, likewise.

    Returns:
        The counts; time is the product of the two lengths, memory the length of the hypothesis.
    """
    expected = normalise(reference) if isinstance(reference, str) else list(reference)
    found = normalise(hypothesis) if isinstance(hypothesis, str) else list(hypothesis)
    # one row of (errors, substitutions, deletions, insertions) per prefix of the hypothesis
    row = [(j, 0, 0, j) for j in range(len(found) + 1)]
    for i, word in enumerate(expected, start=1):
        diagonal, row[0] = row[0], (i, 0, i, 0)
        for j, other in enumerate(found, start=1):
            if word == other:
                best = diagonal
            else:
                best = (diagonal[0] + 1, diagonal[1] + 1, diagonal[2], diagonal[3])
                up, left = row[j], row[j - 1]
                if up[0] + 1 < best[0]:
                    best = (up[0] + 1, up[1], up[2] + 1, up[3])
                if left[0] + 1 < best[0]:
                    best = (left[0] + 1, left[1], left[2], left[3] + 1)
            diagonal, row[j] = row[j], best
    _, substitutions, deletions, insertions = row[-1]
    return WordErrors(substitutions, deletions, insertions, len(expected))


__all__ = ["NO_ERRORS", "WordErrors", "normalise", "word_errors"]
