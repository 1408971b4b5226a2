"""Whether words are really said: a quotation is looked for in the text, and given back as it is written there.

Compared are letters and digits alone, in one case, since a model mends marks and capitals when it copies. What is found
begins and ends with whole words where the script has blanks between them. An ellipsis stands for words that were left
out, so nothing is quoted across one: it is kept as a mark that no quotation has.
"""

from __future__ import annotations

import unicodedata
from typing import Final

LEAST: Final = 8  # letters below which a quotation says nothing ("So", "Well, yes")
_GAP: Final = "…"
# Scripts without blanks between words: a quotation may begin anywhere in them.
_UNSPACED: Final = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
_LEAST_UNSPACED: Final = 4


def quoted(text: str, said: str, most: int) -> str:
    """The words of the text that a quotation stands for.

    Args:
        text: in which they are looked for.
        said: the quotation, as a model gave it.
        most: characters, above which whole words are taken off its end.

    Returns:
        A part of the text, its first such place; empty where it is not in it, or too short to say anything.
    """
    wanted, _ = _letters(said.replace(_GAP, " "))
    least = _LEAST_UNSPACED if any(map(_is_unspaced, wanted)) else LEAST
    if len(wanted) < least:
        return ""
    letters, places = _letters(text)
    at = letters.find(wanted)
    while at >= 0:
        first, last = places[at], places[at + len(wanted) - 1]
        if _begins_word(text, first) and _ends_word(text, last):
            return _within(text[first : last + 1] + _mark(text, last), most)
        at = letters.find(wanted, at + 1)
    return ""


def _letters(text: str) -> tuple[str, list[int]]:
    """Letters and digits in one case, with marks of gaps, and the place of each in the text."""
    found: list[str] = []
    places: list[int] = []
    for at, character in enumerate(text):
        kept = character if character == _GAP else _plain(character)
        found.append(kept)
        places.extend([at] * len(kept))
    return "".join(found), places


def _plain(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).casefold()
    return "".join(one for one in folded if one.isalnum() or unicodedata.category(one) in {"Mn", "Mc"})


def _begins_word(text: str, at: int) -> bool:
    return at == 0 or _is_unspaced(text[at]) or not text[at - 1].isalnum()


def _ends_word(text: str, at: int) -> bool:
    return at + 1 == len(text) or _is_unspaced(text[at]) or not text[at + 1].isalnum()


def _is_unspaced(character: str) -> bool:
    return unicodedata.name(character, "").startswith(_UNSPACED)


def _mark(text: str, at: int) -> str:
    """The mark behind the last letter that belongs to the sentence."""
    after = text[at + 1 : at + 2]
    return after if after and after in ".?!。？！" else ""


def _within(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    head = text[: most + 1]
    return head[: head.rindex(" ")] if " " in head else text[:most]


__all__ = ["LEAST", "quoted"]
