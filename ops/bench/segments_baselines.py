"""Simple ways to choose segments, which a ranking must beat: each a pure function of an item and the lengths to give.

A further way is one more function in `WAYS`. Each returns its segments best
first, as many as there are lengths at most, or None where the item lacks what it goes by.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ops.bench.segments_item import Item
from ops.bench.segments_llm import by_stand_in
from ops.bench.texttiling import text_tiling
from processors.domain import Span
from processors.segments.selection import MAX_OVERLAP

Way = Callable[[Item, Sequence[int], random.Random], list[Span] | None]

# Places tried for a random window before it is left out: in a short video ten windows may not fit.
TRIES: Final = 100
_STEP_MS: Final = 1_000


def at_random(item: Item, lengths_ms: Sequence[int], source: random.Random) -> list[Span] | None:
    """Anywhere, with as little overlap as the pipeline's own segments have."""
    chosen: list[Span] = []
    for length_ms in lengths_ms:
        for _ in range(TRIES):
            start_ms = source.randint(0, item.duration_ms - length_ms)
            window = Span(start_ms, start_ms + length_ms)
            if is_new(window, chosen):
                chosen.append(window)
                break
    return chosen


def even(item: Item, lengths_ms: Sequence[int], _: random.Random) -> list[Span] | None:
    """At one distance from each other, in time order: each in the middle of its share of the video."""
    share_ms = item.duration_ms / max(1, len(lengths_ms))
    chosen: list[Span] = []
    for number, length_ms in enumerate(lengths_ms):
        start_ms = round((number + 0.5) * share_ms - length_ms / 2)
        start_ms = max(0, min(start_ms, item.duration_ms - length_ms))
        window = Span(start_ms, start_ms + length_ms)
        if is_new(window, chosen):
            chosen.append(window)
    return chosen


def loudest(item: Item, lengths_ms: Sequence[int], _: random.Random) -> list[Span] | None:
    """Where speech has the most power; pauses have none."""
    power = np.zeros(item.duration_ms // _STEP_MS + 1)
    known = False
    for spoken in item.utterances:
        if spoken.loudness_db is None:
            continue
        known = True
        for second in range(spoken.start_ms // _STEP_MS, min(len(power), -(-spoken.end_ms // _STEP_MS))):
            begin_ms = second * _STEP_MS
            shared = min(spoken.end_ms, begin_ms + _STEP_MS) - max(spoken.start_ms, begin_ms)
            power[second] += max(0, shared) * 10 ** (spoken.loudness_db / 10)
    return _highest(power, lengths_ms, item.duration_ms) if known else None


def densest(item: Item, lengths_ms: Sequence[int], _: random.Random) -> list[Span] | None:
    """Where the most words begin; unknown where times were made from the number of words."""
    if not item.timed or not item.speech.starts:
        return None
    words = np.zeros(item.duration_ms // _STEP_MS + 1)
    for start_ms in item.speech.starts:
        words[start_ms // _STEP_MS] += 1
    return _highest(words, lengths_ms, item.duration_ms)


def tiles(item: Item, lengths_ms: Sequence[int], _: random.Random) -> list[Span] | None:
    """The beginnings of TextTiling's topics, the longest topic first: whole sentences, as many as fit."""
    speech = item.speech
    sentences = speech.sentences()
    if not sentences:
        return None
    texts = ["".join(speech.texts[at] for at in words).strip() for words in sentences]
    breaks = sorted(item.turns) if item.turns else range(len(item.utterances))
    paragraphs = np.searchsorted(list(breaks), [speech.utterance[words[0]] for words in sentences], "right")
    starts = [0, *text_tiling(texts, [int(number) for number in paragraphs]), len(sentences)]

    def said_ms(topic: tuple[int, int]) -> int:
        return speech.ends[sentences[topic[1] - 1][-1]] - speech.starts[sentences[topic[0]][0]]

    topics = sorted(pairwise(starts), key=lambda topic: (-said_ms(topic), topic))
    chosen = []
    for (first, end), length_ms in zip(topics, lengths_ms, strict=False):
        start_ms = speech.starts[sentences[first][0]]
        ends_ms = [speech.ends[words[-1]] for words in sentences[first:end]]
        fitting = [end_ms for end_ms in ends_ms if end_ms <= start_ms + length_ms]
        end_ms = fitting[-1] if fitting else start_ms + length_ms
        chosen.append(Span(start_ms, max(start_ms + 1, end_ms)))
    return chosen


def _highest(curve: NDArray[np.float64], lengths_ms: Sequence[int], duration_ms: int) -> list[Span]:
    """The windows with the most of a curve that has one value a second, each with little overlap to those before."""
    sums = np.concatenate(([0.0], np.cumsum(curve)))
    chosen: list[Span] = []
    for length_ms in lengths_ms:
        starts = np.arange(0, max(1, (duration_ms - length_ms) // _STEP_MS + 1))
        ends = np.minimum(starts + max(1, round(length_ms / _STEP_MS)), len(curve))
        for second in np.argsort(-np.round(sums[ends] - sums[starts], 9), kind="stable"):
            window = Span(int(second) * _STEP_MS, int(second) * _STEP_MS + length_ms)
            if is_new(window, chosen):
                chosen.append(window)
                break
    return chosen


def is_new(window: Span, chosen: Sequence[Span]) -> bool:
    """Whether a window shares at most as much with each of the chosen ones as the pipeline's own segments may."""
    for other in chosen:
        shared = min(window.end_ms, other.end_ms) - max(window.start_ms, other.start_ms)
        shorter = min(window.end_ms - window.start_ms, other.end_ms - other.start_ms)
        if shared > MAX_OVERLAP * shorter:
            return False
    return True


WAYS: Final[dict[str, Way]] = {
    "random": at_random,
    "even": even,
    "loudest": loudest,
    "densest": densest,
    "texttiling": tiles,
    "llm stand-in": by_stand_in,
}

__all__ = ["TRIES", "WAYS", "Way", "at_random", "densest", "even", "is_new", "loudest", "tiles"]
