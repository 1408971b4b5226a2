"""Candidate windows: the spans that may become segments.

Where there is speech, a window runs from the start of a sentence, one that does not refer back where there are such, to
the end of the same or a later one. From every such start at most `ENDS_PER_START` ends are tried, spread over the
allowed lengths, so the number of windows grows with the number of sentences and the work with n log n. Long stretches
without speech, or videos without any, give windows along shots.

The edges are then moved outwards a little: speech needs air, and a cut that coincides with a cut of the picture is
not noticed. They never enter a neighbouring word.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from processors.domain import Shot
from processors.segments.lexicon import lexicon
from processors.segments.sentences import Sentence
from processors.segments.words import Token

# Air before the first word and after the last one: onsets are sharp, word ends of recognisers come early.
LEAD_IN_MS: Final = 150
LEAD_OUT_MS: Final = 250
# How far an edge may move to a cut of the picture. Beyond about 10 frames the silence becomes noticeable.
CUT_TOLERANCE_MS: Final = 400
# Ends tried from one start. Eight lengths between 8 and 90 s are steps of 35 %.
ENDS_PER_START: Final = 8
# Ends compared within one such step, so that a wide range of lengths stays cheap.
ENDS_PER_STEP: Final = 8
# A stretch without words at least this long gets windows of its own: shorter ones are pauses of a talk.
SILENT_STRETCH_MS: Final = 20_000
# A silence in a talk after which viewers leave; a pause for effect is shorter.
DEAD_AIR_MS: Final = 3_000
# So near to a sentence that stands alone none that refers back begins a window.
NO_OTHER_MS: Final = 30_000
# Nothing shorter can be watched; it is also the least that options accept as minimum.
SHORTEST_MS: Final = 500
# A pause after a sentence beyond which more silence makes no better end.
GOOD_PAUSE_MS: Final = 1_500


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A candidate: half open in time; its sentences by position, both inclusive, -1 and -1 without speech."""

    start_ms: int
    end_ms: int
    first: int = -1
    last: int = -1


@dataclass(frozen=True, slots=True)
class Bounds:
    """Lengths that a window may have, and where the video ends; all in milliseconds."""

    min_ms: int
    max_ms: int
    duration_ms: int

    @classmethod
    def of(cls, min_segment_ms: int, max_segment_ms: int, duration_ms: int) -> Bounds:
        """The options' lengths clamped to the video."""
        return cls(min(min_segment_ms, duration_ms), min(max_segment_ms, duration_ms), duration_ms)


def longest_sentence_ms(max_segment_ms: int, usual_ms: int) -> int:
    """How long a sentence may be so that with the air around it it still fits into a segment."""
    air_ms = LEAD_IN_MS + LEAD_OUT_MS
    return min(usual_ms, max(max_segment_ms - air_ms, max_segment_ms // 2))


def candidates(sentences: list[Sentence], tokens: list[Token], shots: list[Shot], bounds: Bounds) -> list[Window]:
    """All windows worth scoring.

    Args:
        sentences: of the transcript, none longer than `longest_sentence_ms`.
        tokens: the words that the sentences refer to.
        shots: contiguous; empty when nothing is known about the picture.
        bounds: allowed lengths.

    Returns:
        Windows sorted by start, then end, without repeats, each inside [0, duration) and at most `max_ms` long. Each is
        at least `min_ms` long unless speech leaves no such window (then what comes nearest).
    """
    if bounds.duration_ms < SHORTEST_MS:
        return []
    cuts = [shot.start_ms for shot in shots[1:]]
    spoken = _spoken(sentences, tokens, cuts, bounds) if sentences else []
    silent = [
        window
        for start_ms, end_ms in _silent_stretches(tokens, bounds)
        for window in shot_windows(shots, start_ms, end_ms, bounds)
    ]
    return sorted({(window.start_ms, window.end_ms): window for window in [*silent, *spoken]}.values())


def _spoken(sentences: list[Sentence], tokens: list[Token], cuts: list[int], bounds: Bounds) -> list[Window]:
    edges = _Edges(sentences, tokens, cuts, bounds)
    clean_starts = [index for index, sentence in enumerate(sentences) if sentence.opens]
    clean_ends = [index for index, sentence in enumerate(sentences) if sentence.closes]
    everything = list(range(len(sentences)))
    alone = _standing_alone(sentences, tokens, clean_starts)
    # from the cleanest edges to any; the first kind that gives windows is enough
    kinds = ((alone, clean_ends), (clean_starts, clean_ends), (clean_starts, everything), (everything, everything))
    for starts, ends in kinds:
        if windows := _pairs(edges, starts, ends, bounds):
            return _without_dead_air(windows, sentences)
    return _nearest(edges, everything, bounds)


def _standing_alone(sentences: list[Sentence], tokens: list[Token], starts: list[int]) -> list[int]:
    """The starts that do not refer back; of a stretch without any the others."""
    alone = [index for index in starts if not refers_back(tokens[sentences[index].first])]
    times = [sentences[index].start_ms for index in alone]
    kept = set(alone)
    for index in starts:
        at_ms = sentences[index].start_ms
        after = bisect_left(times, at_ms)
        near = times[max(0, after - 1) : after + 1]
        if index not in kept and all(abs(time_ms - at_ms) > NO_OTHER_MS for time_ms in near):
            kept.add(index)
    return sorted(kept)


def refers_back(token: Token) -> bool:
    """Whether a first word needs what was said before it: "and", "she", "this"."""
    return lexicon(token.language).has("dangling", token.text)


def _without_dead_air(windows: list[Window], sentences: list[Sentence]) -> list[Window]:
    """The windows in which nobody is silent for long; all of them when there are no others."""
    silences = [0]  # long ones before each sentence
    for before, after in pairwise(sentences):
        silences.append(silences[-1] + (after.start_ms - before.end_ms >= DEAD_AIR_MS))
    alive = [window for window in windows if silences[window.last] == silences[window.first]]
    return alive or windows


def _pairs(edges: _Edges, starts: list[int], ends: list[int], bounds: Bounds) -> list[Window]:
    end_times = [edges.ends[index] for index in ends]
    windows: list[Window] = []
    for first in starts:
        start_ms = edges.starts[first]
        lowest = bisect_left(ends, first)
        low = max(lowest, bisect_left(end_times, start_ms + bounds.min_ms))
        high = bisect_right(end_times, start_ms + bounds.max_ms)
        for position in _spread(low, high, end_times, start_ms, lambda at: edges.goodness(ends[at])):
            windows.append(Window(start_ms, end_times[position], first, ends[position]))
        if low >= high > lowest:  # everything that fits is too short: silence around it may fill the rest
            windows += edges.widened(first, ends[high - 1], bounds)
    return windows


def _spread(low: int, high: int, ends_ms: list[int], start_ms: int, goodness: Callable[[int], float]) -> Iterable[int]:
    """At most `ENDS_PER_START` positions of [low, high): the best in each of as many steps of length."""
    if high - low <= ENDS_PER_START:
        return range(low, high)
    shortest, longest = max(1, ends_ms[low] - start_ms), max(1, ends_ms[high - 1] - start_ms)
    chosen: list[int] = []
    begin = low
    for step in range(1, ENDS_PER_START + 1):
        until_ms = start_ms + round(shortest * (longest / shortest) ** (step / ENDS_PER_START))
        end = high if step == ENDS_PER_START else bisect_right(ends_ms, until_ms, begin, high)
        if end > begin:
            stride = -(-(end - begin) // ENDS_PER_STEP)
            chosen.append(max(range(begin, end, stride), key=lambda at: (goodness(at), -at)))
        begin = end
    return chosen


def _nearest(edges: _Edges, starts: list[int], bounds: Bounds) -> list[Window]:
    """Where no window fits: from each sentence start up to the last word that does, the longest such windows."""
    windows: list[Window] = []
    for first in starts:
        sentence = edges.sentences[first]
        start_ms = sentence.start_ms
        word = bisect_right(edges.word_ends, start_ms + bounds.max_ms) - 1
        if word < sentence.first:  # one word longer than a segment may be
            windows.append(Window(start_ms, start_ms + bounds.max_ms, first, first))
            continue
        last = bisect_right(edges.first_words, word) - 1
        after_ms = edges.next_start(word)
        end_ms = min(after_ms, max(edges.word_ends[word], start_ms + bounds.min_ms))
        before_ms = edges.previous_end(sentence.first)
        start_ms = max(before_ms, min(start_ms, end_ms - bounds.min_ms), 0)
        if end_ms > start_ms:
            windows.append(Window(start_ms, end_ms, first, last))
    longest_ms = max((window.end_ms - window.start_ms for window in windows), default=0)
    return [window for window in windows if window.end_ms - window.start_ms >= min(longest_ms, bounds.min_ms)]


class _Edges:
    """Where windows may start and end: outside the words, inside the silence around a sentence."""

    def __init__(self, sentences: list[Sentence], tokens: list[Token], cuts: list[int], bounds: Bounds) -> None:
        self.sentences = sentences
        self.duration_ms = bounds.duration_ms
        # a sentence that fills a segment alone stays as it is: moving its edges to cuts would make it too long
        self.longest_to_move_ms = bounds.max_ms - 2 * CUT_TOLERANCE_MS
        self.word_starts = [token.start_ms for token in tokens]
        self.word_ends = [token.end_ms for token in tokens]
        self.first_words = [sentence.first for sentence in sentences]
        self.starts = [self._start(sentence, cuts) for sentence in sentences]
        self.ends = [self._end(sentence, cuts) for sentence in sentences]

    def previous_end(self, word: int) -> int:
        """End of the word before, 0 before the first."""
        return self.word_ends[word - 1] if word else 0

    def next_start(self, word: int) -> int:
        """Start of the word after, the duration after the last."""
        return self.word_starts[word + 1] if word + 1 < len(self.word_starts) else self.duration_ms

    def goodness(self, sentence: int) -> float:
        """How well a window ends after a sentence: by the pause that follows, 0..1."""
        last = self.sentences[sentence].last
        return min(self.next_start(last) - self.word_ends[last], GOOD_PAUSE_MS) / GOOD_PAUSE_MS

    def widened(self, first: int, last: int, bounds: Bounds) -> list[Window]:
        """The window of these sentences with as much silence as the minimum needs, if there is that much."""
        start_ms, end_ms = self.starts[first], self.ends[last]
        floor_ms = self.previous_end(self.sentences[first].first)
        ceiling_ms = self.next_start(self.sentences[last].last)
        end_ms = min(ceiling_ms, max(end_ms, start_ms + bounds.min_ms))  # what follows shows the effect of the words
        start_ms = max(floor_ms, min(start_ms, end_ms - bounds.min_ms))
        return [Window(start_ms, end_ms, first, last)] if end_ms - start_ms >= bounds.min_ms else []

    def _moves(self, sentence: Sentence) -> bool:
        return sentence.end_ms - sentence.start_ms <= self.longest_to_move_ms

    def _start(self, sentence: Sentence, cuts: list[int]) -> int:
        before_ms = self.previous_end(sentence.first)
        cut = bisect_right(cuts, sentence.start_ms) - 1
        if self._moves(sentence) and cut >= 0 and cuts[cut] >= max(before_ms, sentence.start_ms - CUT_TOLERANCE_MS):
            return cuts[cut]
        return max(sentence.start_ms - LEAD_IN_MS, (before_ms + sentence.start_ms + 1) // 2)

    def _end(self, sentence: Sentence, cuts: list[int]) -> int:
        after_ms = self.next_start(sentence.last)
        cut = bisect_left(cuts, sentence.end_ms)
        if self._moves(sentence) and cut < len(cuts) and cuts[cut] <= min(after_ms, sentence.end_ms + CUT_TOLERANCE_MS):
            return cuts[cut]
        return min(sentence.end_ms + LEAD_OUT_MS, (after_ms + sentence.end_ms) // 2)


def _silent_stretches(tokens: list[Token], bounds: Bounds) -> list[tuple[int, int]]:
    """Spans without words that are long enough for windows; the whole video when there are none."""
    if not tokens:
        return [(0, bounds.duration_ms)]
    ends = [0, *(token.end_ms for token in tokens)]
    starts = [*(token.start_ms for token in tokens), bounds.duration_ms]
    least_ms = max(SILENT_STRETCH_MS, bounds.min_ms)
    return [(end, start) for end, start in zip(ends, starts, strict=True) if start - end >= least_ms]


def shot_windows(shots: list[Shot], from_ms: int, to_ms: int, bounds: Bounds) -> list[Window]:
    """Windows along shots inside [from_ms, to_ms); shots too long to combine are divided evenly."""
    piece_ms = max(bounds.max_ms // 2, 1)
    marks: list[int] = []
    for shot in shots:
        start_ms, end_ms = max(shot.start_ms, from_ms), min(shot.end_ms, to_ms)
        if end_ms <= start_ms:
            continue
        pieces = -(-(end_ms - start_ms) // piece_ms)
        marks += [start_ms + (end_ms - start_ms) * piece // pieces for piece in range(pieces)]
    if not marks:
        return []
    marks.append(min(to_ms, shots[-1].end_ms))
    windows: list[Window] = []
    for position, start_ms in enumerate(marks[:-1]):
        low = bisect_left(marks, start_ms + bounds.min_ms, position + 1)
        high = bisect_right(marks, start_ms + bounds.max_ms)
        chosen = _spread(low, high, marks, start_ms, lambda at: 0.0)
        windows += [Window(start_ms, marks[at]) for at in chosen]
        if low >= high and start_ms + bounds.min_ms <= marks[-1]:  # no cut where one is needed
            windows.append(Window(start_ms, min(start_ms + bounds.max_ms, marks[-1])))
    return windows


__all__ = ["Bounds", "Window", "candidates", "longest_sentence_ms", "refers_back", "shot_windows"]
