"""The small multilingual word lists of `data/lexicon.json`, looked up by language.

A language that has no list gets those of `all` only: what a list would tell is then not known, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

from processors.languages import UNSPACED

# what hangs on a word in writing: quotes, brackets and punctuation of the scripts that the lists cover
EDGE_PUNCTUATION: Final = "\"'“”„‘’‚«»‹›()[]{}（）「」『』【】<>.,;:!?…。，、；：！？¿¡-–—*_·｡؟،۔"
KINDS: Final = ("question", "number", "contrast", "address", "strong", "dangling")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The lists for one language; all words in lower case without punctuation at their edges.

    Args:
        language: ISO 639 code.
        never: abbreviations whose dot does not end a sentence.
        maybe: abbreviations whose dot ends one when a capital follows.
        ordinal_dot: whether the language writes ordinals as "3.".
        words: by kind (`KINDS`).
        known: whether the language has lists of its own.
    """

    language: str
    never: frozenset[str]
    maybe: frozenset[str]
    ordinal_dot: bool
    words: dict[str, frozenset[str]]
    known: bool

    def has(self, kind: str, word: str) -> bool:
        """Whether a word (with its punctuation) is in a list. Unspaced languages match anywhere in the word."""
        listed = self.words[kind]
        bare = bare_word(word)
        if self.language in UNSPACED:
            return any(entry in bare for entry in listed)
        return bare in listed


@cache
def lexicon(language: str) -> Lexicon:
    """The lists for a language."""
    content = _content()
    short = content["abbreviations"]
    return Lexicon(
        language=language,
        never=frozenset(short["never"]["all"] + short["never"].get(language, [])),
        maybe=frozenset(short["maybe"]["all"] + short["maybe"].get(language, [])),
        ordinal_dot=language in content["ordinal_dot"],
        words={kind: frozenset(content[kind].get(language, [])) for kind in KINDS},
        known=language in content["strong"],
    )


def bare_word(word: str) -> str:
    """A word in lower case without the punctuation around it, with a plain apostrophe inside."""
    return word.strip(EDGE_PUNCTUATION).replace("’", "'").lower()


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(files("processors.segments").joinpath("data/lexicon.json").read_bytes())
    return content


__all__ = ["EDGE_PUNCTUATION", "KINDS", "Lexicon", "bare_word", "lexicon"]
