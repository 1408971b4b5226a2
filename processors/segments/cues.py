"""Subtitle cues from timed words.

Cues of at most two lines of 42 columns and 7 seconds, as the style guides of broadcasters and streaming services have
it. A cue ends with its sentence, at a pause, or where the next word would not fit; then the best earlier break (end of
a clause) is taken. Short cues stay on screen a little longer when the next one leaves room.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from processors.segments.sentences import PAUSE_MS, clause_ends, sentence_ends
from processors.segments.words import Token, text_of

# Netflix, BBC and EBU guides agree on about this width (37 to 42) and on two lines.
LINE_COLUMNS: Final = 42
LINES: Final = 2
MAX_CUE_MS: Final = 7_000
# Below this a viewer cannot read a cue at all; it is stretched towards it where there is room.
MIN_CUE_MS: Final = 1_000
# Breaking at a clause is worth it only when the cue left behind is not tiny.
LEAST_BREAK_SHARE: Final = 0.4


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle: half open in time, 1 to `LINES` lines of at most `LINE_COLUMNS` columns."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    language: str


def cues_of(tokens: list[Token]) -> list[Cue]:
    """Group words into cues.

    Args:
        tokens: on the clean timeline of `words.tokens_of`.

    Returns:
        Cues in time order that do not overlap, each of 1 ms to `MAX_CUE_MS`. Words that begin in the same
        millisecond as the one before may get 1 ms of their neighbour's time.
    """
    groups = list(_groups([piece for token in tokens for piece in _printable(token)]))
    spans = _spans(groups)
    return [
        Cue(start_ms, end_ms, lines(group), group[0].language)
        for group, (start_ms, end_ms) in zip(groups, spans, strict=True)
    ]


def columns(text: str) -> int:
    """Width in columns: East Asian wide characters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def lines(tokens: list[Token]) -> tuple[str, ...]:
    """The words in one line where they fit, else in two, after a clause or as even as possible."""
    whole = text_of(tokens)
    if columns(whole) <= LINE_COLUMNS:
        return (whole,)
    best: tuple[tuple[int, int], tuple[str, str]] | None = None
    for cut in range(1, len(tokens)):
        first, second = text_of(tokens[:cut]), text_of(tokens[cut:])
        widths = columns(first), columns(second)
        if max(widths) > LINE_COLUMNS:
            continue
        # a clause end is worth ten columns of unevenness
        unevenness = abs(widths[0] - widths[1]) - 10 * clause_ends(tokens[cut - 1].text)
        if best is None or (unevenness, cut) < best[0]:
            best = (unevenness, cut), (first, second)
    return best[1] if best else (whole,)


def _fits(tokens: list[Token]) -> bool:
    text = lines(tokens)
    return len(text) <= LINES and all(columns(line) <= LINE_COLUMNS for line in text)


def _groups(tokens: list[Token]) -> Iterator[list[Token]]:
    group: list[Token] = []
    for token in tokens:
        if group and _breaks(group[-1], token):
            yield group
            group = []
        while group and not (_fits([*group, token]) and token.end_ms - group[0].start_ms <= MAX_CUE_MS):
            cut = _cut(group)
            yield group[:cut]
            group = group[cut:]
        group.append(token)
    if group:
        yield group


def _breaks(token: Token, following: Token) -> bool:
    """Whether a cue must end between two words."""
    pause_ms = following.start_ms - token.end_ms
    return pause_ms >= PAUSE_MS or token.language != following.language or sentence_ends(token, following)


def _cut(group: list[Token]) -> int:
    """Where to end a cue that is full: after the last clause if enough stands before it, else at its end."""
    total = columns(text_of(group))
    for cut in range(len(group) - 1, 0, -1):
        if clause_ends(group[cut - 1].text) and columns(text_of(group[:cut])) >= LEAST_BREAK_SHARE * total:
            return cut
    return len(group)


def _printable(token: Token) -> Iterator[Token]:
    """The token, or pieces of it where it is wider than a line or longer than a cue (an address, a held note)."""
    pieces: list[str] = [""]
    for character in token.text:
        if columns(pieces[-1] + character) > LINE_COLUMNS:
            pieces.append("")
        pieces[-1] += character
    length_ms = token.end_ms - token.start_ms
    for position, piece in enumerate(pieces):
        start_ms = token.start_ms + length_ms * position // len(pieces)
        end_ms = token.start_ms + length_ms * (position + 1) // len(pieces)
        lead = token.lead if position == 0 else ""
        yield replace(token, start_ms=start_ms, end_ms=min(end_ms, start_ms + MAX_CUE_MS), text=piece, lead=lead)


def _spans(groups: list[list[Token]]) -> list[tuple[int, int]]:
    """Times of the cues: strictly increasing, not overlapping, short ones stretched into the pause after them."""
    starts: list[int] = []
    for group in groups:
        starts.append(max(group[0].start_ms, starts[-1] + 1 if starts else 0))
    ceilings = [following for _, following in pairwise(starts)] + [None] * bool(starts)
    spans: list[tuple[int, int]] = []
    for group, start_ms, ceiling_ms in zip(groups, starts, ceilings, strict=True):
        end_ms = max(group[-1].end_ms, start_ms + MIN_CUE_MS)
        end_ms = min(end_ms, start_ms + MAX_CUE_MS)
        spans.append((start_ms, end_ms if ceiling_ms is None else min(end_ms, ceiling_ms)))
    return spans


__all__ = ["LINES", "LINE_COLUMNS", "MAX_CUE_MS", "Cue", "columns", "cues_of", "lines"]
