"""What is said around a moment, in as few bytes as a budget allows: whole sentences are chosen, none is rewritten.

::

    own sentences     filler and repeats go; the opening and the closing one, then those with the most content
    before and after  the nearest first, in turn, into what is left; a quarter is kept for them where there are any
    gaps              an ellipsis, so that nobody takes two sentences for neighbours

Tokens are counted in bytes (`BYTES_PER_TOKEN`): a tokenizer would be one more model, another one for each service.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from processors.segments.lexicon import bare_word
from processors.vision.hosted_prompt import clipped

# Of text in a language that is written with Latin letters, a token has 3 to 4.5 bytes; of others fewer, so what a
# request may cost at most is counted with `hosted_prompt.BYTES_PER_TOKEN`, and what fits in it with this.
BYTES_PER_TOKEN: Final = 3
CONTEXT_SHARE: Final = 0.25
_GAP: Final = "…"
_JOINT: Final = len(f" {_GAP} ".encode())  # what a sentence costs beside its text, at most
_LEAST: Final = 24  # bytes below which a piece of a sentence says nothing


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence.

    Attributes:
        text: as written, in one line.
        worth: how much content its words carry, >= 0; 0 is filler ("Well, you know.").
    """

    text: str
    worth: float


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is left: said before the moment, in it, after it."""

    before: str
    said: str
    after: str

    @property
    def size(self) -> int:
        """Bytes of UTF-8."""
        return sum(len(text.encode()) for text in (self.before, self.said, self.after))


def compressed(before: Sequence[Line], own: Sequence[Line], after: Sequence[Line], tokens: int) -> Excerpt:
    """Choose sentences.

    Args:
        before: those before the moment, in order.
        own: its own, in order.
        after: those after it, in order.
        tokens: what may be kept in all, >= 0.

    Returns:
        At most `tokens * BYTES_PER_TOKEN` bytes; the same for the same sentences.
    """
    room = tokens * BYTES_PER_TOKEN
    around = sum(_cost(line) for line in [*before, *after] if line.worth > 0)
    kept = _chosen(own, room - min(around, math.floor(room * CONTEXT_SHARE)))
    left = room - sum(map(_size, kept.values()))
    earlier, later = _nearest(before, after, left)
    return Excerpt(_joined(earlier), _joined(kept), _joined(later))


def _chosen(lines: Sequence[Line], room: int) -> dict[int, str]:
    """Sentences of the moment by position: all that say something, or the most telling ones."""
    telling = _telling(lines)
    if not telling:
        return {}
    edges = list(dict.fromkeys((telling[0], telling[-1])))
    others = sorted(set(telling) - set(edges), key=lambda at: (-lines[at].worth / math.sqrt(_cost(lines[at])), at))
    kept: dict[int, str] = {}
    for count, at in enumerate([*edges, *others]):
        left = room - sum(map(_size, kept.values()))
        if _cost(lines[at]) <= left:
            kept[at] = lines[at].text
        elif count < len(edges):  # what it begins and ends with is told in part where it is long
            part = left // (len(edges) - count) - _JOINT
            if part >= _LEAST:
                kept[at] = clipped(lines[at].text, part)
    return kept


def _nearest(before: Sequence[Line], after: Sequence[Line], room: int) -> tuple[dict[int, str], dict[int, str]]:
    """Sentences around the moment by position, from it outwards on both sides, until one does not fit."""
    sides = (before, after)
    waiting = [list(reversed(_telling(before))), _telling(after)]
    kept: tuple[dict[int, str], dict[int, str]] = ({}, {})
    while any(waiting):
        for side in (0, 1):
            if not waiting[side]:
                continue
            at = waiting[side].pop(0)
            cost = _cost(sides[side][at])
            if cost > room:
                waiting[side].clear()
                continue
            room -= cost
            kept[side][at] = sides[side][at].text
    return kept


def _telling(lines: Sequence[Line]) -> list[int]:
    """Positions of those that say something that none before them said; all when none does."""
    seen: set[str] = set()
    found = []
    for at, line in enumerate(lines):
        words = " ".join(map(bare_word, line.text.split()))
        if line.worth > 0 and words not in seen:
            found.append(at)
            seen.add(words)
    return found or [at for at, line in enumerate(lines) if line.text]


def _joined(kept: dict[int, str]) -> str:
    parts: list[str] = []
    last: int | None = None
    for at in sorted(kept):
        if last is not None and at != last + 1:
            parts.append(_GAP)
        parts.append(kept[at])
        last = at
    return " ".join(parts)


def _cost(line: Line) -> int:
    return _size(line.text)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace")) + _JOINT


__all__ = ["BYTES_PER_TOKEN", "CONTEXT_SHARE", "Excerpt", "Line", "compressed"]
