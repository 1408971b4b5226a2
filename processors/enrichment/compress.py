"""What is said around a moment, in as few bytes as a budget allows: whole sentences are chosen, none is rewritten.

::

    own sentences     filler and repeats go; the opening and the closing one, then those that add most for their length
    before and after  the nearest first, in turn, into what is left; a quarter is kept for them where there are any
    gaps              an ellipsis, so that nobody takes two sentences for neighbours

What a sentence adds are the content words that are not told yet, for the root of its length: greedy choice for coverage
under a budget (Lin and Bilmes 2011). Tokens are counted in bytes (`BYTES_PER_TOKEN`): a tokenizer would be one more
model, another one for each service.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from processors.segments.lexicon import bare_word
from processors.vision.hosted_prompt import clipped

# Of text in a language that is written with Latin letters, a token has 3 to 4.5 bytes; of others fewer, so what a
# request may cost at most is counted with `hosted_prompt.BYTES_PER_TOKEN`, and what fits in it with this.
BYTES_PER_TOKEN: Final = 3
CONTEXT_SHARE: Final = 0.25
_GAP: Final = "…"
_LEAST: Final = 24  # bytes below which a piece of a sentence says nothing


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence.

    Attributes:
        text: as written, in one line.
        words: content word -> what it is worth, > 0; none in filler ("Well, you know.").
    """

    text: str
    words: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is left: said before the moment, in it, after it."""

    before: str
    said: str
    after: str

    @property
    def size(self) -> int:
        """Bytes of UTF-8."""
        return sum(map(_size, (self.before, self.said, self.after)))


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
    around = sum(_size(lines[at].text) + 1 for lines in (before, after) for at in _telling(lines))
    said = _joined(_chosen(own, room - min(around, math.floor(room * CONTEXT_SHARE))))
    earlier, later = _nearest(before, after, room - _size(said))
    return Excerpt(_joined(earlier), said, _joined(later))


def _chosen(lines: Sequence[Line], room: int) -> dict[int, str]:
    """Sentences of the moment by position: all that say something, or those that together say most."""
    telling = _telling(lines)
    everything = {at: lines[at].text for at in telling}
    if _size(_joined(everything)) <= room:
        return everything
    kept: dict[int, str] = {}
    edges = list(dict.fromkeys((telling[0], telling[-1])))
    for count, at in enumerate(edges):  # what it begins and ends with is told in part where it is long
        part = (room - _size(_joined(kept))) // (len(edges) - count) - _size(f" {_GAP} ")
        if _size(lines[at].text) <= part:
            kept[at] = lines[at].text
        elif part >= _LEAST:
            kept[at] = clipped(lines[at].text, part)
    told = {word for at in kept for word in lines[at].words}
    waiting = [at for at in telling if at not in edges]
    while waiting:
        gains = {at: _gain(lines[at], told) for at in waiting}
        best = max(waiting, key=lambda at: (gains[at], -at))
        waiting.remove(best)
        tried = {**kept, best: lines[best].text}
        if _size(_joined(tried)) <= room:
            kept = tried
            told |= set(lines[best].words)
    return kept


def _gain(line: Line, told: set[str]) -> float:
    added = sum(worth for word, worth in line.words.items() if word not in told)
    return added / math.sqrt(_size(line.text) + 1)


def _nearest(before: Sequence[Line], after: Sequence[Line], room: int) -> tuple[dict[int, str], dict[int, str]]:
    """Sentences around the moment by position, from it outwards on both sides, until one does not fit."""
    sides = (before, after)
    waiting = [list(reversed(_telling(before))), _telling(after)]
    kept: list[dict[int, str]] = [{}, {}]
    while any(waiting):
        for side in (0, 1):
            if not waiting[side]:
                continue
            at = waiting[side].pop(0)
            tried = {**kept[side], at: sides[side][at].text}
            if _size(_joined(tried)) + _size(_joined(kept[1 - side])) <= room:
                kept[side] = tried
            else:
                waiting[side].clear()
    return kept[0], kept[1]


def _telling(lines: Sequence[Line]) -> list[int]:
    """Positions of those that say something that none before them said; all when none does."""
    seen: set[str] = set()
    found = []
    for at, line in enumerate(lines):
        words = " ".join(map(bare_word, line.text.split()))
        if line.words and words not in seen:
            found.append(at)
            seen.add(words)
    return found or [at for at, line in enumerate(lines) if line.text]


def _joined(kept: Mapping[int, str]) -> str:
    parts: list[str] = []
    last: int | None = None
    for at in sorted(kept):
        if last is not None and at != last + 1:
            parts.append(_GAP)
        parts.append(kept[at])
        last = at
    return " ".join(parts)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


__all__ = ["BYTES_PER_TOKEN", "CONTEXT_SHARE", "Excerpt", "Line", "compressed"]
