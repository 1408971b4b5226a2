"""Words on the timeline: inside their chunk, in order, held to the speech that the voice activity network found.

The attention of Whisper's decoder tells when a word is said to some 100 ms, and gives a pause to the word beside it:
the first word of a sentence seems to begin in the silence before. The network knows where speech begins and ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from processors.domain import Span, Word
from processors.speech.whisper import AlignedWord
from processors.timeline import overlap_ms, seconds_to_ms

# How far a word may reach out of the speech found: the network is late by a window or two, and not sure of soft sounds.
_EDGE_MS: Final = 100
# A pause this long inside a word is none of the word.
_MIN_PAUSE_MS: Final = 300
_MIN_WORD_MS: Final = 20  # one step of the alignment, for words that come out with no length
# Speech without a word is looked at again when it is this long. A word covers this much at most, as one beside
# skipped speech is stretched over it, and some speech on both its sides.
_MIN_HOLE_MS: Final = 1_500
_MAX_WORD_MS: Final = 1_500
_AROUND_MS: Final = 300
# Words farther than this from all speech are outside it.
_NEAR_MS: Final = 300


def place(words: Sequence[AlignedWord], start_ms: int, end_ms: int, speech: Sequence[Span]) -> list[Word]:
    """Put the words of a window on the timeline.

    Args:
        words: as aligned, times relative to the window.
        start_ms: of the window.
        end_ms: of the window.
        speech: spans of speech, absolute, in order.

    Returns:
        The same words, each `start_ms <= word.start_ms < word.end_ms <= end_ms`, none overlapping the next.
    """
    placed = []
    for word in words:
        first, last = start_ms + seconds_to_ms(word.start_s), start_ms + seconds_to_ms(word.end_s)
        first, last = _held((first, max(last, first + _MIN_WORD_MS)), speech)
        placed.append(Word(first, last, word.text, round(min(1.0, max(0.0, word.probability)), 4)))
    return in_order(placed, start_ms, end_ms)


def in_order(words: Sequence[Word], start_ms: int, end_ms: int) -> list[Word]:
    """Force words between the bounds, one after the other, each at least 1 ms long.

    Raises:
        ValueError: more words than milliseconds.
    """
    if len(words) > end_ms - start_ms:
        raise ValueError(f"{len(words)} words do not fit into {end_ms - start_ms} ms")
    ordered: list[Word] = []
    at = start_ms
    for number, word in enumerate(words):
        latest = end_ms - (len(words) - number)  # room for 1 ms of each that follows
        first = min(max(word.start_ms, at), latest)
        at = max(first + 1, min(word.end_ms, latest + 1))
        ordered.append(replace(word, start_ms=first, end_ms=at))
    return ordered


def outside(words: Sequence[Word], speech: Sequence[Span]) -> bool:
    """Whether all the words lie outside all speech: nobody said them."""
    return not any(_touches(word, span) for word in words for span in speech)


def holes(words: Sequence[Word], speech: Sequence[Span]) -> list[Span]:
    """Speech that no word covers, long enough to hold words: what the decoder skipped."""
    covered = [(w.start_ms - _AROUND_MS, min(w.end_ms, w.start_ms + _MAX_WORD_MS) + _AROUND_MS) for w in words]
    found = []
    for span in speech:
        at = span.start_ms
        for first, last in sorted(covered):
            if first - at >= _MIN_HOLE_MS and first < span.end_ms:
                found.append(Span(at, first))
            at = max(at, last)
        if span.end_ms - at >= _MIN_HOLE_MS:
            found.append(Span(at, span.end_ms))
    return [Span(hole.start_ms, hole.end_ms) for hole in found]


def _held(word: tuple[int, int], speech: Sequence[Span]) -> tuple[int, int]:
    """Cut a word down to the stretch of speech that it shares the most time with."""
    best: tuple[int, int] | None = None
    shared = 0
    for stretch in _stretches(speech):
        overlap = overlap_ms(word, stretch)
        if overlap > shared:
            best, shared = stretch, overlap
    if best is None:
        return word
    first, last = max(word[0], best[0] - _EDGE_MS), min(word[1], best[1] + _EDGE_MS)
    return first, max(last, first + _MIN_WORD_MS)


def _stretches(speech: Sequence[Span]) -> list[tuple[int, int]]:
    """Spans with the short pauses between them closed."""
    joined: list[tuple[int, int]] = []
    for span in speech:
        if joined and span.start_ms - joined[-1][1] < _MIN_PAUSE_MS:
            joined[-1] = (joined[-1][0], span.end_ms)
        else:
            joined.append((span.start_ms, span.end_ms))
    return joined


def _touches(word: Word, span: Span) -> bool:
    return word.start_ms < span.end_ms + _NEAR_MS and span.start_ms - _NEAR_MS < word.end_ms


__all__ = ["holes", "in_order", "outside", "place"]
