"""What `clipstream bench segments` ranks: a video's parts, the spans that people marked, and its words as written.

Where sentences begin and end is read here off the written marks alone, and not by the splitter of the pipeline: a rule
that the segmenter shares could find no fault with it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from processors.domain import Span, Utterance
from processors.segments.parts import Parts
from processors.segments.words import tokens_of

# A transcript with fewer marks than one in so many words tells nothing about sentences, which have 15 to 20.
_WORDS_PER_MARK: Final = 60
_MARKS: Final = tuple(".?!。？！؟।۔")
_CLOSERS: Final = "\"'”’»›)]}）」』】*"


@dataclass(frozen=True)
class Item:
    """One video, or one transcript.

    Attributes:
        name: for the row.
        parts: what the segmenter is given; `audio_duration_ms` is set.
        spans: marked by people, in time order, each once, each inside the video and not empty.
        turns: positions of the utterances with which somebody else begins to speak; empty where nobody knows.
        timed: whether its times were measured; False where they were made from the number of words.
    """

    name: str
    parts: Parts
    spans: list[Span]
    turns: frozenset[int]
    timed: bool

    @property
    def duration_ms(self) -> int:
        """Of the whole, > 0."""
        return self.parts.audio_duration_ms or 0

    @cached_property
    def utterances(self) -> list[Utterance]:
        """In time order."""
        spoken = [utterance for part in self.parts.transcripts for utterance in part.utterances]
        return sorted(spoken, key=lambda utterance: (utterance.start_ms, utterance.end_ms))

    @cached_property
    def speech(self) -> Speech:
        """Its words."""
        return Speech(self.utterances, self.turns, self.duration_ms)


class Speech:
    """Words in time order, and which of them begin and end a sentence.

    Args:
        utterances: in time order.
        turns: positions of those with which somebody else begins to speak.
        duration_ms: words behind it are left out.

    Attributes:
        starts, ends: of the words, in milliseconds, neither of them ever decreasing.
        opens: of each word, whether it is the first one after a mark, of a turn or of all.
        closes: of each word, whether a mark ends it; an ellipsis is none, since it says that something is missing.
        marked: whether there are enough marks to know sentences at all.
        utterance: of each word the position of its utterance.
    """

    def __init__(self, utterances: list[Utterance], turns: frozenset[int], duration_ms: int) -> None:
        tokens = tokens_of(utterances, duration_ms)
        self.starts = [token.start_ms for token in tokens]
        self.ends = [token.end_ms for token in tokens]
        self.texts = [token.lead + token.text for token in tokens]
        self.utterance = [token.utterance for token in tokens]
        self.closes = [_ends_sentence(token.text) for token in tokens]
        self.opens = [
            at == 0
            or self.closes[at - 1]
            or (token.utterance in turns and token.utterance != self.utterance[at - 1])
            for at, token in enumerate(tokens)
        ]  # fmt: skip
        self._moments = sorted({*self.starts, *self.ends})
        self.marked = bool(tokens) and sum(self.closes) * _WORDS_PER_MARK >= len(tokens)

    def cut_at(self, at_ms: int) -> bool:
        """Whether this time lies within a word."""
        before = bisect_left(self.starts, at_ms) - 1
        return before >= 0 and self.ends[before] > at_ms

    def inside(self, span: Span) -> range:
        """Positions of the words that lie wholly in a span."""
        low = bisect_left(self.starts, span.start_ms)
        return range(low, max(low, bisect_right(self.ends, span.end_ms)))

    def at_words(self, span: Span) -> Span:
        """The span with each edge moved to where the nearest word begins or ends: for times that were made."""
        start_ms, end_ms = self._nearest(span.start_ms), self._nearest(span.end_ms)
        return Span(start_ms, end_ms) if start_ms < end_ms else span

    def sentences(self) -> list[range]:
        """Positions of the words of each sentence, in order; of each utterance where marks are missing."""
        firsts = [
            at
            for at in range(len(self.starts))
            if self.opens[at] or (not self.marked and self.utterance[at] != self.utterance[at - 1])
        ]
        return [range(low, high) for low, high in pairwise([*firsts, len(self.starts)])]

    def _nearest(self, at_ms: int) -> int:
        after = bisect_left(self._moments, at_ms)
        near = self._moments[max(0, after - 1) : after + 1]
        return min(near, key=lambda moment: abs(moment - at_ms), default=at_ms)


def spans_of(pairs: list[tuple[int, int]], duration_ms: int) -> list[Span]:
    """Marked spans in time order, each once, cut at the video's end; empty ones are left out."""
    cut = {(start_ms, min(end_ms, duration_ms)) for start_ms, end_ms in pairs}
    return [Span(start_ms, end_ms) for start_ms, end_ms in sorted(cut) if start_ms < end_ms]


def _ends_sentence(word: str) -> bool:
    stem = word.rstrip(_CLOSERS)
    return stem.endswith(_MARKS) and not stem.endswith("..")


__all__ = ["Item", "Speech", "spans_of"]
