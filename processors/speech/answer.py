"""What a hosted recogniser answered (`verbose_json`), as what the local one would have heard.

Such answers have words without punctuation and without probability, and a text with punctuation: the marks come back to
their words, and a word counts as probable as its segment. Times are in seconds from the start of the sound, sometimes a
little before its start, behind its end or out of order; a few of these are mended, with many the answer is refused.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from processors.languages import UNSPACED
from processors.speech.guards import refusal
from processors.speech.language_names import code_of
from processors.speech.listening import Heard, Window
from processors.speech.placing import place
from processors.speech.whisper import AlignedWord, Decoded, compression_ratio

# Times that are wrong in more than one word of so many mean that none of them can be believed.
_WORDS_PER_WRONG: Final = 5
_SLACK_S: Final = 1.0  # how far behind the sound's end a word may seem to begin: models round, and pad to 30 s
_MAX_ITEMS: Final = 2_000  # words in half a minute; speech has some 150


class _Strict(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class _Word(_Strict):
    word: str
    start: float
    end: float


class _Segment(_Strict):
    start: float
    end: float
    text: str
    avg_logprob: float
    no_speech_prob: float = 0.0
    tokens: list[int] = Field(default_factory=list)


class _Usage(_Strict):
    seconds: float | None = Field(None, ge=0.0)


class _Answer(_Strict):
    text: str
    language: str | None = None
    segments: list[_Segment] = Field(default_factory=list, max_length=_MAX_ITEMS)
    words: list[_Word] = Field(default_factory=list, max_length=_MAX_ITEMS)
    usage: _Usage | None = None

    @field_validator("segments", "words", mode="before")
    @classmethod
    def _none(cls, items: object) -> object:
        return [] if items is None else items


@dataclass(frozen=True, slots=True)
class Understood:
    """An answer on the timeline.

    Attributes:
        found: one item for each segment, in order; empty when nothing was said.
        seconds: of sound that the service says it charges; None when it does not say.
    """

    found: list[Heard]
    seconds: float | None


def understood(body: bytes, window: Window, language: str | None, model: str) -> Understood:
    """Read an answer.

    Args:
        body: JSON.
        window: the sound that was sent.
        language: code that was asked for, or None.
        model: name for the results.

    Raises:
        ValueError: no such JSON, a language that nobody knows, words without times or with times that cannot be
            believed. The text is for users and has nothing of the answer in it.
    """
    answer = _parsed(body)
    seconds = answer.usage.seconds if answer.usage is not None else None
    if not answer.text.strip():
        return Understood([], seconds)
    code = language or code_of(answer.language or "")
    if code is None:
        raise ValueError("a language that is not known")
    segments = sorted((one for one in answer.segments if one.text.strip()), key=lambda one: (one.start, one.end))
    if not segments:
        raise ValueError("text without segments")
    length_s = (window.end_ms - window.start_ms) / 1000
    pieces = _punctuated(answer.words, segments, length_s) if answer.words else _spread(segments)
    if code not in UNSPACED:
        pieces = [replace(piece, text=piece.text.strip()) for piece in pieces]
    aligned = _mended(pieces, length_s, [math.exp(min(0.0, one.avg_logprob)) for one in segments])
    words = place(aligned, window.start_ms, window.end_ms, window.speech)
    owners = [piece.segment for piece in pieces]
    found = []
    for number, segment in enumerate(segments):
        text = segment.text.strip()
        decoded = Decoded(
            tokens=segment.tokens,
            text=text,
            avg_logprob=min(0.0, segment.avg_logprob),
            no_speech=segment.no_speech_prob,
            compression=compression_ratio(text),
            cut_off=False,
        )
        mine = [word for word, owner in zip(words, owners, strict=True) if owner == number]
        # it tells no probability of the language; the text's own stands in, as it is low for the wrong language too
        sure = 1.0 if language is not None else math.exp(decoded.avg_logprob)
        found.append(Heard(mine, code, sure, decoded, refusal(decoded, english_only=False), model, None))
    return Understood(found, seconds)


def _parsed(body: bytes) -> _Answer:
    try:
        return _Answer.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"] if not isinstance(part, int))
        raise ValueError(f"{where or 'the body'} is not as it should be ({first['type']})") from None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word with its punctuation, and a blank before it where the text has one; its segment; times as answered."""

    text: str
    start_s: float
    end_s: float
    segment: int


def _punctuated(words: Sequence[_Word], segments: Sequence[_Segment], length_s: float) -> list[_Piece]:
    """The words in the writing of the segments' text.

    Each word is looked for in the text behind the one before. What stands between two of them belongs to the first up
    to a blank, to the second from a blank on; letters there are words that have no times, and get those between.

    Raises:
        ValueError: words that are not those of the text, or no time for those that the list lacks.
    """
    text = "".join(segment.text if segment.text[:1].isspace() else " " + segment.text for segment in segments)
    lengths = [len(one.text) + (not one.text[:1].isspace()) for one in segments]
    starts = [sum(lengths[:number]) for number in range(len(segments))]
    fold = str.lower if len(text.lower()) == len(text) else str  # a few letters change their length
    folded = fold(text)
    at = 0
    found: list[tuple[_Word, int, int]] = []  # (word, first, behind the last letter in the text)
    for word in words:
        bare = word.word.strip()
        wanted = fold(bare)
        first = folded.find(wanted, at) if wanted else -1
        if first < 0 or first - at > _REACH + len(wanted):
            continue
        at = first + len(wanted)
        found.append((word, first, at))
    if len(found) * _WORDS_PER_WRONG < len([one for one in words if one.word.strip()]) * (_WORDS_PER_WRONG - 1):
        raise ValueError("words that are not those of the text")
    if not found:
        return _spread(segments)
    pieces: list[_Piece] = []
    squeezed = 0
    behind_s = 0.0
    lead_at, lead = 0, text[: found[0][1]]
    for number, (word, first, end) in enumerate(found):
        following = found[number + 1] if number + 1 < len(found) else None
        between = text[end : following[1]] if following is not None else text[end:]
        owner = max(0, bisect_right(starts, first) - 1)
        prefix = "" if lead[-1:].isspace() else lead.rpartition(" ")[2]
        lacking = _lacking(lead[: len(lead) - len(prefix)], lead_at, starts, segments, (behind_s, word.start))
        squeezed += sum(piece.end_s - piece.start_s < _LEAST_WORD_S for piece in lacking)
        pieces += lacking
        blank = " " if text[first - len(prefix) - 1 : first - len(prefix)].isspace() else ""
        cut = next((index for index, letter in enumerate(between) if letter.isspace()), len(between))
        if following is not None and cut == len(between):  # no blank: written without them, or "l'" "eau"
            cut = next((index for index, letter in enumerate(between) if letter in _OPENING), len(between))
        pieces.append(_Piece(blank + prefix + text[first:end] + between[:cut], word.start, word.end, owner))
        lead_at, lead, behind_s = end + cut, between[cut:], word.end
    pieces += _lacking(lead, lead_at, starts, segments, (behind_s, max(behind_s, length_s)))
    if squeezed * _WORDS_PER_WRONG > len(pieces):
        raise ValueError("more words than their times have room for")
    return pieces


# Letters of the text that may be skipped to find a word: a few words that the list of words lacks.
_REACH: Final = 40
_OPENING: Final = "\"'“‘«¿¡([{「『（"
_LEAST_WORD_S: Final = 0.02  # of speech one word after the other; the shortest are said in 0.05 s


def _lacking(
    text: str, at: int, starts: Sequence[int], segments: Sequence[_Segment], room_s: tuple[float, float]
) -> list[_Piece]:
    """Words of the text that the list of words lacks, spread evenly over what their segments have of the time.

    Args:
        text: with these words.
        at: its place in the text of all segments, which begin at `starts`.
        starts: places of the segments.
        segments: in order.
        room_s: from the end of the word before to the start of the next one.
    """
    owned: dict[int, list[str]] = {}
    for match in re.finditer(r"\S+", text):
        if any(letter.isalnum() for letter in match[0]):
            owned.setdefault(max(0, bisect_right(starts, at + match.start()) - 1), []).append(match[0])
    pieces = []
    for number, words in owned.items():
        low, high = max(room_s[0], segments[number].start), min(room_s[1], segments[number].end)
        start_s, length_s = (low, high - low) if high > low else (room_s[0], max(0.0, room_s[1] - room_s[0]))
        step = length_s / len(words)
        pieces += [
            _Piece(f" {word}", start_s + step * index, start_s + step * (index + 1), number)
            for index, word in enumerate(words)
        ]
    return pieces


def _spread(segments: Sequence[_Segment]) -> list[_Piece]:
    """Words of an answer that has none: a segment's time, shared by length of text."""
    pieces = []
    for number, segment in enumerate(segments):
        texts = segment.text.split()
        total = sum(len(text) for text in texts)
        done, length = 0, max(0.0, segment.end - segment.start)
        for text in texts:
            first = segment.start + length * done / total
            done += len(text)
            pieces.append(_Piece(f" {text}", first, segment.start + length * done / total, number))
    return pieces


def _mended(pieces: Sequence[_Piece], length_s: float, probabilities: Sequence[float]) -> list[AlignedWord]:
    """Times in order and within the sound; those that are not lie evenly between those that are.

    Raises:
        ValueError: too many are not.
    """
    right = _rising([piece.start_s for piece in pieces], -_SLACK_S, length_s + _SLACK_S)
    if (len(pieces) - len(right)) * _WORDS_PER_WRONG > len(pieces):
        raise ValueError("times of words that are out of order")
    starts: list[float] = []
    for index in range(len(pieces)):
        position = bisect_right(right, index)
        before = right[position - 1] if position else None
        if before == index:
            starts.append(pieces[index].start_s)
            continue
        after = right[position] if position < len(right) else None
        low = (before, pieces[before].start_s) if before is not None else (-1, 0.0)
        high = (after, pieces[after].start_s) if after is not None else (len(pieces), length_s)
        share = (index - low[0]) / (high[0] - low[0])
        starts.append(low[1] + max(0.0, high[1] - low[1]) * share)
    words = []
    for index, piece in enumerate(pieces):
        start_s = min(max(0.0, starts[index]), length_s)
        ceiling = starts[index + 1] if index + 1 < len(starts) else length_s
        end_s = piece.end_s if start_s < piece.end_s <= ceiling else max(start_s, min(ceiling, length_s))
        words.append(AlignedWord(piece.text, start_s, end_s, probabilities[piece.segment]))
    return words


def _rising(values: Sequence[float], lowest: float, highest: float) -> list[int]:
    """Positions of the longest run of values within the bounds that never fall (patience sorting)."""
    tails: list[int] = []  # position of the smallest last value of a run of each length
    keys: list[float] = []
    previous: dict[int, int | None] = {}
    for index, value in enumerate(values):
        if not lowest <= value <= highest:
            continue
        length = bisect_right(keys, value)
        previous[index] = tails[length - 1] if length else None
        tails[length:] = [index, *tails[length + 1 :]]
        keys[length:] = [value, *keys[length + 1 :]]
    run: list[int] = []
    at: int | None = tails[-1] if tails else None
    while at is not None:
        run.append(at)
        at = previous[at]
    return run[::-1]


__all__ = ["Understood", "understood"]
