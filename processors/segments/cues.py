"""Subtitle cues from timed words.

Cues of at most two lines, as the style guides of broadcasters and streaming services have it. A cue ends with its
sentence, at a pause, when somebody else speaks, or where the next word would not fit; then the best earlier break (end
of a clause) is taken. One that would be on screen too shortly to be read joins its neighbour; the times are those of
`cue_times`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from processors.segments.cue_times import MAX_CUE_MS, MIN_CUE_MS, MIN_GAP_MS, Wanted, spans
from processors.segments.sentences import PAUSE_MS, clause_ends, sentence_ends
from processors.segments.words import Token, clean_text, shortened, text_of

# Netflix, BBC and EBU guides agree on about this width (37 to 42) and on two lines.
LINE_COLUMNS: Final = 42
# 16 characters of double width, as in Netflix's guides for Chinese and Korean (13 for Japanese).
WIDE_LINE_COLUMNS: Final = 32
_WIDE_LANGUAGES: Final = frozenset({"zh", "yue", "ja", "ko"})
LINES: Final = 2
# Breaking at a clause is worth it only when the cue left behind is not tiny.
LEAST_BREAK_SHARE: Final = 0.4
# A clause end is worth this many columns of unevenness between two lines; a short word at the end of the first one
# ("the", "of", "un") costs some, as it belongs to what follows.
_CLAUSE_COLUMNS: Final = 10
_SHORT_WORD_COLUMNS: Final = 6
_SHORT_WORD: Final = 3
MAX_LABEL: Final = 20  # columns of a speaker's name in a line: the words need the rest

_JOINER: Final = "\u200d"  # of emoji: the family is man, joiner, woman, joiner, girl
_TRAILERS: Final = frozenset(_JOINER + "\u200c" + "".join(map(chr, range(0x1F3FB, 0x1F400))))  # and tones of skin
_FLAG_LETTERS: Final = frozenset(map(chr, range(0x1F1E6, 0x1F200)))  # two of them are a flag


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle: half open in time, 1 to `LINES` lines of at most `line_columns` of its language."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    language: str
    speaker: str | None = None


def cues_of(tokens: list[Token], speakers: Sequence[str | None] = (), labels: bool = False) -> list[Cue]:
    """Group words into cues.

    Args:
        tokens: on the clean timeline of `words.tokens_of`.
        speakers: who says each utterance, by its position; empty when nobody knows.
        labels: write the speaker's name before the first cue of a turn.

    Returns:
        Cues in time order that do not overlap, each of one speaker and one language, of 1 ms to `MAX_CUE_MS`. It is
        below `MIN_CUE_MS` only where there is no pause beside it and no neighbour that it could join. Words that begin
        in the same millisecond as the one before may get 1 ms of their neighbour's time.
    """
    names = dict(enumerate(speakers))
    spoken = list(_labelled(tokens, names)) if labels else tokens
    groups = list(_groups([piece for token in spoken for piece in _printable(token)], names))
    groups = _joined(groups, names)
    timed = spans([_wanted(group) for group in groups])
    return [
        Cue(start_ms, end_ms, lines(group), group[0].language, names.get(group[0].utterance))
        for group, (start_ms, end_ms) in zip(groups, timed, strict=True)
    ]


def columns(text: str) -> int:
    """Width in columns: East Asian wide characters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def line_columns(language: str) -> int:
    """The widest line of a language in columns."""
    return WIDE_LINE_COLUMNS if language in _WIDE_LANGUAGES else LINE_COLUMNS


def lines(tokens: list[Token]) -> tuple[str, ...]:
    """The words in one line where they fit, else in two, after a clause or as even as possible."""
    whole, widest = _written(tokens), line_columns(tokens[0].language)
    if columns(whole) <= widest:
        return (whole,)
    best: tuple[tuple[int, int], tuple[str, str]] | None = None
    for cut in range(1, len(tokens)):
        first, second = _written(tokens[:cut]), text_of(tokens[cut:])
        widths = columns(first), columns(second)
        if max(widths) > widest:
            continue
        unevenness = abs(widths[0] - widths[1])
        if clause_ends(tokens[cut - 1].text) or sentence_ends(tokens[cut - 1], tokens[cut]):
            unevenness -= _CLAUSE_COLUMNS
        elif len(tokens[cut - 1].text) <= _SHORT_WORD:
            unevenness += _SHORT_WORD_COLUMNS
        if best is None or (unevenness, cut) < best[0]:
            best = (unevenness, cut), (first, second)
    return best[1] if best else (whole,)


def label_of(speaker: str | None) -> str:
    """A speaker's name as it may stand in a line of text; empty when there is none."""
    name = clean_text(speaker or "")
    return shortened(name, MAX_LABEL if columns(name) == len(name) else MAX_LABEL // 2)


def _written(tokens: list[Token]) -> str:
    return text_of(tokens).strip()


def _fits(tokens: list[Token]) -> bool:
    text = lines(tokens)
    widest = line_columns(tokens[0].language)
    return len(text) <= LINES and all(columns(line) <= widest for line in text)


def _labelled(tokens: list[Token], names: dict[int, str | None]) -> Iterator[Token]:
    """The tokens, the first one of each turn led in by the speaker's name: a cue always begins there."""
    before: str | None = None
    for token in tokens:
        speaker = names.get(token.utterance)
        label = label_of(speaker) if speaker != before else ""
        before = speaker
        yield replace(token, lead=f"{label}: ") if label else token


def _groups(tokens: list[Token], names: dict[int, str | None]) -> Iterator[list[Token]]:
    group: list[Token] = []
    for token in tokens:
        if group and (_parted(group[-1], token, names) or sentence_ends(group[-1], token)):
            yield group
            group = []
        while group and not (_fits([*group, token]) and token.end_ms - group[0].start_ms <= MAX_CUE_MS):
            cut = _cut(group)
            yield group[:cut]
            group = group[cut:]
        group.append(token)
    if group:
        yield group


def _parted(token: Token, following: Token, names: dict[int, str | None]) -> bool:
    """Whether two words may not be in one cue."""
    pause_ms = following.start_ms - token.end_ms
    other = names.get(token.utterance) != names.get(following.utterance)
    return pause_ms >= PAUSE_MS or token.language != following.language or other


def _cut(group: list[Token]) -> int:
    """Where to end a cue that is full: after the last clause if enough stands before it, else at its end."""
    total = columns(_written(group))
    for cut in range(len(group) - 1, 0, -1):
        if clause_ends(group[cut - 1].text) and columns(_written(group[:cut])) >= LEAST_BREAK_SHARE * total:
            return cut
    return len(group)


def _joined(groups: list[list[Token]], names: dict[int, str | None]) -> list[list[Token]]:
    """Groups with those too short to be read joined to a neighbour: "No." and "Not at all." in one cue."""
    joined: list[list[Token]] = []
    for position, group in enumerate(groups):
        following = groups[position + 1] if position + 1 < len(groups) else None
        before = joined[-1] if joined else None
        short = _room_ms(group, following) < MIN_CUE_MS
        if before and (short or _room_ms(before, group) < MIN_CUE_MS) and _join(before, group, names):
            joined[-1] = before + group
        else:
            joined.append(group)
    return joined


def _room_ms(group: list[Token], following: list[Token] | None) -> float:
    """How long a group can be on screen until the next one comes."""
    return float("inf") if following is None else following[0].start_ms - MIN_GAP_MS - group[0].start_ms


def _join(first: list[Token], second: list[Token], names: dict[int, str | None]) -> bool:
    both = first + second
    length_ms = second[-1].end_ms - first[0].start_ms
    return not _parted(first[-1], second[0], names) and length_ms <= MAX_CUE_MS and _fits(both)


def _wanted(group: list[Token]) -> Wanted:
    return Wanted(group[0].start_ms, group[-1].end_ms, sum(columns(line) for line in lines(group)))


def _printable(token: Token) -> Iterator[Token]:
    """The token, or pieces of it where it is wider than a line or longer than a cue (an address, a held note)."""
    widest = line_columns(token.language)
    pieces: list[str] = [""]
    used = columns(token.lead.lstrip())
    for part in _inseparable(token.text, widest):
        if used + columns(part) > widest and pieces[-1]:
            pieces.append("")
            used = 0
        pieces[-1] += part
        used += columns(part)
    length_ms = token.end_ms - token.start_ms
    for position, piece in enumerate(pieces):
        start_ms = token.start_ms + length_ms * position // len(pieces)
        end_ms = token.start_ms + length_ms * (position + 1) // len(pieces)
        lead = token.lead if position == 0 else ""
        yield replace(token, start_ms=start_ms, end_ms=min(end_ms, start_ms + MAX_CUE_MS), text=piece, lead=lead)


def _inseparable(text: str, widest: int) -> list[str]:
    """What a reader takes for one character each: with its marks, an emoji with its joiners and tones, a flag.

    A simpler rule than that of Unicode (annex 29), which also keeps parts of Hangul and Indic syllables together. One
    that is wider than a line, which only a hostile text has, is its characters.
    """
    parts: list[str] = []
    for character in text:
        before = parts[-1] if parts else ""
        flag = len(before) == 1 and before in _FLAG_LETTERS and character in _FLAG_LETTERS
        if before and (flag or before.endswith(_JOINER) or _belongs_to_the_one_before(character)):
            parts[-1] += character
        else:
            parts.append(character)
    return [piece for part in parts for piece in ([part] if columns(part) <= widest else part)]


def _belongs_to_the_one_before(character: str) -> bool:
    return character in _TRAILERS or unicodedata.category(character).startswith("M")


__all__ = [
    "LINES",
    "LINE_COLUMNS",
    "MAX_CUE_MS",
    "MIN_CUE_MS",
    "MIN_GAP_MS",
    "WIDE_LINE_COLUMNS",
    "Cue",
    "columns",
    "cues_of",
    "label_of",
    "line_columns",
    "lines",
]
