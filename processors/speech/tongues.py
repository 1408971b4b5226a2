"""In which language to write down what is heard: of what the model finds likely, and what the settings allow.

Whisper gives a probability to each of its hundred languages. One that is sure is taken, else the few likeliest are
tried and the likelier text is kept. A file may change its language at any pause: nothing is carried from chunk to chunk
but a hint, which only takes part where a chunk leaves its language open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

SURE: Final = 0.6  # probability from which a language counts as known: 61 of 64 windows of clips in three languages
# Languages that are tried where none is sure; the one that gives the likelier text is kept.
_CANDIDATES: Final = 2
# Speech whose languages that are not supported have more than half of the probability is taken to be in one of them.
_SUPPORTED: Final = 0.5
_NOT_SUPPORTED: Final = "language not supported: "


@dataclass(frozen=True, slots=True)
class Supported:
    """Which languages may be written down.

    Attributes:
        languages: codes; all when empty.
        nearest: whether speech in another one is written down in the likeliest of these instead of not at all.
    """

    languages: frozenset[str] = frozenset()
    nearest: bool = False

    def has(self, language: str) -> bool:
        """Whether a language is one of them."""
        return not self.languages or language in self.languages


ALL_LANGUAGES: Final = Supported()


def candidates(likely: Mapping[str, float], hint: str | None, supported: Supported) -> list[tuple[str, float]]:
    """The languages to try.

    Args:
        likely: probability 0..1 of each language of the model, the likeliest first, not empty.
        hint: likely language of the file, or None.
        supported: languages that may come out.

    Returns:
        (language, probability): one that is sure, else two or three, the likeliest first; empty for speech in a
        language that is not supported. Probabilities are those among the supported languages.
    """
    if supported.languages:
        share = sum(probability for language, probability in likely.items() if supported.has(language))
        if share <= 0.0 or (share < _SUPPORTED and not supported.nearest):
            return []
        likely = {language: p / share for language, p in likely.items() if supported.has(language)}
    first = list(islice(likely.items(), _CANDIDATES))
    if first[0][1] >= SURE:
        return first[:1]
    if hint is not None and hint in likely and hint not in dict(first):
        first.append((hint, likely[hint]))
    return first


def not_supported(language: str) -> str:
    """Why speech has no text."""
    return f"{_NOT_SUPPORTED}{language}"


def left_out(reason: str) -> str | None:
    """The language of a reason by `not_supported`, None for other reasons."""
    return reason.removeprefix(_NOT_SUPPORTED) if reason.startswith(_NOT_SUPPORTED) else None


__all__ = ["ALL_LANGUAGES", "SURE", "Supported", "candidates", "left_out", "not_supported"]
