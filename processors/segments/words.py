"""Words of a transcript on one clean timeline: the common ground of sentences, candidates and subtitles.

Recognisers deliver words with small faults: ends that reach into the next word, utterances that overlap by rounding,
now and then an utterance without words. Here each word gets a start that never goes back and an end that never
reaches the next word, so whatever is cut between two words cuts neither.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, replace
from typing import Final

from processors.domain import Utterance, Word
from processors.languages import UNSPACED


@dataclass(frozen=True, slots=True)
class Token:
    """One word on the clean timeline.

    Args:
        start_ms, end_ms: never before the start of the word before, never after the start of the word after.
        text: the word with its punctuation, without blanks around it.
        lead: what separates it from the word before in writing: "" or " ".
        language: of its utterance.
        probability: 0..1.
        utterance: position of its utterance in the transcript.
    """

    start_ms: int
    end_ms: int
    text: str
    lead: str
    language: str
    probability: float
    utterance: int


def tokens_of(transcript: list[Utterance], duration_ms: int | None = None) -> list[Token]:
    """The words of a transcript in time order.

    Args:
        transcript: utterances in time order. One without words is spread over its time by length of its text.
        duration_ms: words that start at or after it are left out, later ends clipped; None for no limit.

    Returns:
        Tokens with non-decreasing, non-overlapping times.
    """
    raw: list[Token] = []
    for position, utterance in enumerate(transcript):
        words = utterance.words or spread_words(utterance)
        leads = _leads(utterance, words)
        for word, lead in zip(words, leads, strict=True):
            text = clean_text(word.text)
            if text:
                probability = min(1.0, max(0.0, word.probability)) if math.isfinite(word.probability) else 0.0
                start_ms = min(max(word.start_ms, utterance.start_ms), utterance.end_ms)
                end_ms = min(max(word.end_ms, start_ms), utterance.end_ms)
                raw.append(Token(start_ms, end_ms, text, lead, utterance.language, probability, position))
    if duration_ms is not None:
        raw = [token for token in raw if token.start_ms < duration_ms]
    return _straighten(raw, duration_ms)


def spread_words(utterance: Utterance) -> list[Word]:
    """Estimated words of an utterance that has none: its time shared by length of text."""
    pieces = utterance.text.split()
    total = sum(len(piece) for piece in pieces)
    length_ms = max(0, utterance.end_ms - utterance.start_ms)
    words: list[Word] = []
    done = 0
    for piece in pieces:
        start_ms = utterance.start_ms + length_ms * done // total
        done += len(piece)
        words.append(Word(start_ms, utterance.start_ms + length_ms * done // total, piece, 0.0))
    return words


def text_of(tokens: list[Token]) -> str:
    """The tokens as written text."""
    return "".join(token.lead + token.text for token in tokens).strip()


def clean_text(text: str) -> str:
    """Text without control and direction-override characters, runs of blanks as one blank.

    Such characters come from hostile titles and on-screen text; they hide or reorder what follows them.
    """
    kept = "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or unicodedata.category(character) not in _UNPRINTABLE or character in _JOINERS
    )
    return " ".join(kept.split())


def shortened(text: str, limit: int) -> str:
    """The text, or its beginning up to a whole word and an ellipsis, in at most `limit` characters."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    if not text[limit - 1].isspace() and " " in head:
        head = head[: head.rindex(" ")]
    return head.rstrip(TRAILING) + "…"


# what hangs loose at the end of a shortened text
TRAILING: Final = " .,;:–—-、。，；："
# control, format (direction overrides among them), surrogate, private use, unassigned
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# zero-width joiner and non-joiner are format characters that Persian, Hindi and emoji need
_JOINERS: Final = frozenset({"\u200c", "\u200d"})


def _leads(utterance: Utterance, words: list[Word]) -> list[str]:
    """Which words have a blank before them, read off the utterance's text; by language where they differ."""
    usual = "" if utterance.language in UNSPACED else " "
    leads: list[str] = []
    position: int | None = 0
    for index, word in enumerate(words):
        found = -1 if position is None else utterance.text.find(word.text, position)
        if position is None or found < 0:
            position = None
            leads.append(usual)
            continue
        between = utterance.text[position:found]
        leads.append(" " if index == 0 and usual else " " if any(map(str.isspace, between)) else "")
        position = found + len(word.text)
    return leads


def _straighten(raw: list[Token], duration_ms: int | None) -> list[Token]:
    starts: list[int] = []
    floor_ms = 0
    for token in raw:
        floor_ms = max(floor_ms, token.start_ms)
        starts.append(floor_ms)
    straight: list[Token] = []
    for index, token in enumerate(raw):
        ceiling_ms = starts[index + 1] if index + 1 < len(raw) else duration_ms
        end_ms = max(token.end_ms, starts[index])
        if ceiling_ms is not None:
            end_ms = min(end_ms, ceiling_ms)
        if (starts[index], end_ms) == (token.start_ms, token.end_ms):
            straight.append(token)
        else:
            straight.append(replace(token, start_ms=starts[index], end_ms=end_ms))
    return straight


__all__ = ["TRAILING", "Token", "clean_text", "shortened", "spread_words", "text_of", "tokens_of"]
