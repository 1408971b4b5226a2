"""How pleasant or unpleasant a text is, by words with ratings and a few rules about the words around them.

After VADER (Hutto and Gilbert, 2014): ratings add up; a negation before a word turns it round, an intensifier moves it,
what stands behind a "but" counts more than what stands before it, exclamation marks add. Other languages than English
have translated ratings and their own lists of such words; where no list is, nothing is told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

LANGUAGES: Final = frozenset({"en", "de", "es", "fr", "it", "pt"})
LABELS: Final = ("joy", "anger", "sadness", "fear", "surprise")
# VADER's constants, from ratings by people.
_NEGATED: Final = -0.74
_INTENSIFIED: Final = 0.293
_EXCLAMATION: Final = 0.292
_MOST_EXCLAMATIONS: Final = 3
_BEFORE_BUT, _AFTER_BUT = 0.5, 1.5
_NORMAL: Final = 15.0
_REACH: Final = 3  # a negation or an intensifier acts on so many words behind it; its force fades
_FADING: Final = (1.0, 0.95, 0.9)
# The translated lists have one form of most words.
_ENDINGS: Final = {
    "de": re.compile(r"(?:e[nmrs]?|n|s)$"),
    **dict.fromkeys(("es", "it", "pt", "fr"), re.compile(r"(?:[aoei]s?|s)$")),
}
_EDGES: Final = "\"'“”„‘’‚«»‹›()[]{}.,;:!?…¿¡-–—*"
_LEAST_STEM: Final = 5  # shorter entries are whole words: "mad" is not the beginning of "made"


@dataclass(frozen=True, slots=True)
class Told:
    """What a text tells.

    Attributes:
        valence: -1 unpleasant .. 1 pleasant; 0 for a text without rated words.
        rated: how many of its words have a rating, >= 0.
        hits: words of each of `LABELS`, >= 0, negated ones left out.
    """

    valence: float
    rated: int
    hits: dict[str, int]


def told(words: Sequence[str], language: str) -> Told | None:
    """Rate a text.

    Args:
        words: in order, with their punctuation.
        language: ISO 639 code.

    Returns:
        None for a language without ratings.
    """
    if language not in LANGUAGES:
        return None
    ratings, rules = _ratings(language), _rules(language)
    bare = [word.strip(_EDGES).replace("’", "'").lower() for word in words]
    scores = [0.0] * len(bare)
    hits = dict.fromkeys(LABELS, 0)
    rated = 0
    for index, word in enumerate(bare):
        before = bare[max(0, index - _REACH) : index][::-1]
        negated = any(other in rules["not"] or other.endswith("n't") for other in before)
        for label in LABELS:
            whole, stems = _labelled(language)[label]
            hits[label] += not negated and (word in whole or word.startswith(stems))
        rating = _rating(word, ratings, language)
        if rating is None or word in rules["more"] or word in rules["less"]:
            continue
        rated += 1
        sign = 1.0 if rating > 0 else -1.0
        for other, force in zip(before, _FADING, strict=False):
            rating += sign * force * _INTENSIFIED * ((other in rules["more"]) - (other in rules["less"]))
        scores[index] = rating * _NEGATED if negated else rating
    turns = [index for index, word in enumerate(bare) if word in rules["but"]]
    if turns and any(scores[: turns[-1]]) and any(scores[turns[-1] :]):
        scores = [s * (_BEFORE_BUT if index < turns[-1] else _AFTER_BUT) for index, s in enumerate(scores)]
    total = sum(scores)
    marks = min(_MOST_EXCLAMATIONS, sum(word.count("!") + word.count("！") for word in words))
    if total:
        total += marks * _EXCLAMATION * (1.0 if total > 0 else -1.0)
    return Told(total / (total * total + _NORMAL) ** 0.5, rated, hits)


def _rating(word: str, ratings: dict[str, float], language: str) -> float | None:
    if language in ("fr", "it"):
        word = word.rpartition("'")[2]  # "l'amour", "un'emozione"
    found = ratings.get(word)
    return ratings.get(_stem(word, language)) if found is None else found


@cache
def _ratings(language: str) -> dict[str, float]:
    """By word, and by stem with a dash behind it."""
    lines = _file(f"valence_{language}.txt").decode().splitlines()
    words = {word: float(rating) for word, _, rating in (line.partition(" ") for line in lines)}
    stems: dict[str, list[float]] = {}
    for word, rating in words.items():
        stems.setdefault(_stem(word, language), []).append(rating)
    one_sided = {stem: found for stem, found in stems.items() if min(found) > 0 or max(found) < 0}
    return words | {stem: sum(found) / len(found) for stem, found in one_sided.items() if stem}


def _stem(word: str, language: str) -> str:
    """A word without the ending for gender, number or case, with a dash; empty where too little would be left."""
    endings = _ENDINGS.get(language)
    if endings is None:
        return ""
    stem = endings.sub("", word)
    return stem + "-" if len(stem) >= _LEAST_STEM else ""


@cache
def _rules(language: str) -> dict[str, frozenset[str]]:
    lists: dict[str, str] = _json("rules.json")[language]
    return {kind: frozenset(words.split()) for kind, words in lists.items()}


@cache
def _labelled(language: str) -> dict[str, tuple[frozenset[str], tuple[str, ...]]]:
    """By label: (words, beginnings of words)."""
    lists: dict[str, str] = _json("emotions.json")[language]
    entries = {label: lists[label].split() for label in LABELS}
    return {
        label: (
            frozenset(entry for entry in listed if len(entry) < _LEAST_STEM),
            tuple(entry for entry in listed if len(entry) >= _LEAST_STEM),
        )
        for label, listed in entries.items()
    }


@cache
def _json(name: str) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(_file(name))
    return content


def _file(name: str) -> bytes:
    return files("processors.speech").joinpath(f"data/{name}").read_bytes()


__all__ = ["LABELS", "LANGUAGES", "Told", "told"]
