"""Speech made fit to be read, and words that make no hashtag: the lists of `data/wording.json` by language."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final

import orjson

from processors.languages import UNSPACED
from processors.segments.lexicon import bare_word
from processors.segments.words import Token, text_of

# Function words of the alphabetic languages are mostly no longer; "the the", "they they".
STUTTERED: Final = 4


def hesitates(token: Token) -> bool:
    """Whether a word is a sound that only fills time."""
    return bare_word(token.text) in _listed("hesitation", token.language)


def fluent(tokens: Sequence[Token]) -> str:
    """What was said without sounds that fill time and without short words that are said twice in a row.

    No word is put in or changed; the first one has a capital where the speaker's first one had.
    """
    kept: list[Token] = []
    for token in tokens:
        if kept and _stutters(kept[-1], token):
            kept[-1] = token  # of two the later one, with the punctuation behind it
        elif not hesitates(token):
            kept.append(token)
    text = text_of(kept).lstrip(",;:–—- ")
    if tokens and tokens[0].text[:1].isupper() and len(text[:1].upper()) == 1:
        text = text[:1].upper() + text[1:]
    return text


def disfluency(tokens: Sequence[Token]) -> float:
    """Share of its words that `fluent` would leave out, or that are cut off (single letters), 0..1."""
    if not tokens:
        return 0.0
    words = [bare_word(token.text) for token in tokens]
    bad = sum(hesitates(token) for token in tokens)
    bad += sum(_stutters(one, other) for one, other in pairwise(tokens))
    bad += sum(len(word) == 1 and word.isalpha() and word.isascii() and word not in "aioyeu" for word in words)
    return min(1.0, bad / len(tokens))


def makes_no_tag(word: str, language: str) -> bool:
    """Whether a word alone says nothing as a hashtag in a language."""
    bare = bare_word(word)
    if bare in _listed("no_tag", language) or bare in _listed("hesitation", language):
        return True
    if bare.startswith(pieces := tuple(_content()["particles"].get(language, ()))) or bare.endswith(pieces):
        return True
    rule = _content()["adverbs"].get(language)
    return (
        rule is not None
        and len(bare) >= rule["least"]
        and bare.endswith(tuple(rule["endings"]))
        and bare not in rule["but"]
    )


def _stutters(one: Token, other: Token) -> bool:
    """Whether a word is said again by mistake: a short one, since content words are said twice for effect."""
    bare = bare_word(other.text)
    return bare == bare_word(one.text) and 0 < len(bare) <= STUTTERED and other.language not in UNSPACED


@cache
def _listed(kind: str, language: str) -> frozenset[str]:
    lists = _content()[kind]
    return frozenset(lists["all"]) | frozenset(lists.get(language, []))


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(files("processors.segments").joinpath("data/wording.json").read_bytes())
    return content


__all__ = ["disfluency", "fluent", "hesitates", "makes_no_tag"]
