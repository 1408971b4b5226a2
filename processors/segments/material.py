"""The document as arrays, so that a signal measures thousands of windows at once.

Each quantity per word or frame is kept as a running total: the sum over any window is the difference of two of its
entries. All arrays are in time order, so results do not depend on the order of arrival.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from processors.domain import Document, FrameAnalysis, Sound, Utterance
from processors.segments.candidates import Window
from processors.segments.meaning import Meaning
from processors.segments.sentences import Sentence
from processors.segments.words import Token

T = TypeVar("T")
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# A window without a frame of its own is judged by the nearest one up to this distance; one farther away says little.
NEAREST_FRAME_MS: Final = 10_000


class Totals:
    """Running totals of one quantity; entries that are not finite count as not known.

    Args:
        values: in time order.
        weights: how much each counts, >= 0; each once without them.
    """

    def __init__(self, values: Iterable[float], weights: Floats | None = None) -> None:
        array = np.array(list(values), dtype=np.float64)
        known = np.isfinite(array).astype(np.float64) * (1.0 if weights is None else weights)
        self._sums = np.concatenate(([0.0], np.cumsum(np.where(known > 0, array, 0.0) * known)))
        self._counts = np.concatenate(([0.0], np.cumsum(known)))

    @property
    def any_known(self) -> bool:
        """Whether there is at least one known entry."""
        return bool(self._counts[-1])

    @property
    def overall_mean(self) -> float:
        """Mean of all known entries; NaN when there are none."""
        return float(self._sums[-1] / self._counts[-1]) if self.any_known else math.nan

    def sum(self, low: Ints, high: Ints) -> Floats:
        """Sum over [low, high) for each window; 0 where nothing is known."""
        total: Floats = self._sums[high] - self._sums[low]
        return total

    def count(self, low: Ints, high: Ints) -> Floats:
        """Known entries (their weight, where they have one) in [low, high) for each window."""
        known: Floats = self._counts[high] - self._counts[low]
        return known

    def mean(self, low: Ints, high: Ints) -> Floats:
        """Mean over [low, high) for each window; NaN where nothing is known."""
        count = self.count(low, high)
        return np.where(count > 0, self.sum(low, high) / np.where(count > 0, count, 1.0), np.nan)


@dataclass(frozen=True, slots=True)
class Material:
    """What signals read.

    Args:
        duration_ms: of the video.
        tokens: words in time order.
        sentences: of these words.
        transcript: utterances that the words refer to.
        frames: in time order.
        cuts_ms: starts of all shots but the first.
        has_shots: whether anything is known about shots.
        meaning: of the sentences; None when it is not known.
        sounds: beside speech, in time order.
    """

    duration_ms: int
    tokens: list[Token]
    sentences: list[Sentence]
    transcript: list[Utterance]
    frames: list[FrameAnalysis]
    cuts_ms: list[int]
    has_shots: bool
    meaning: Meaning | None = None
    sounds: Sequence[Sound] = ()
    _kept: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, name: str, compute: Callable[[], T]) -> T:
        """What `compute` gives, computed once: windows of the curve and candidates are measured one after the other."""
        if name not in self._kept:
            self._kept[name] = compute()
        kept: T = self._kept[name]
        return kept

    @classmethod
    def of(
        cls,
        document: Document,
        tokens: list[Token],
        sentences: list[Sentence],
        duration_ms: int,
        meaning: Meaning | None = None,
    ) -> Material:
        """Gather the material of a document; frames at or after `duration_ms` are left out."""
        return cls(
            duration_ms=duration_ms,
            tokens=tokens,
            sentences=sentences,
            transcript=document.transcript,
            frames=[frame for frame in document.frames if frame.pts_ms < duration_ms],
            cuts_ms=[shot.start_ms for shot in document.shots[1:]],
            has_shots=bool(document.shots),
            meaning=meaning,
            sounds=document.sounds,
        )

    def windows(self, spans: Sequence[Window]) -> Windows:
        """The spans with the ranges of words, frames and cuts inside them."""
        starts = np.array([span.start_ms for span in spans], dtype=np.int64)
        ends = np.array([span.end_ms for span in spans], dtype=np.int64)
        word_low = np.searchsorted(_times(token.start_ms for token in self.tokens), starts, "left")
        word_high = np.searchsorted(_times(token.end_ms for token in self.tokens), ends, "right")
        frame_low, frame_high = self._frames_of(starts, ends)
        cuts = np.array(self.cuts_ms, dtype=np.int64)
        middles = _times((sentence.start_ms + sentence.end_ms) // 2 for sentence in self.sentences)
        return Windows(
            spans=spans,
            starts=starts,
            ends=ends,
            word_low=word_low,
            word_high=np.maximum(word_low, word_high),
            sentence_low=np.searchsorted(middles, starts, "left"),
            sentence_high=np.searchsorted(middles, ends, "left"),
            frame_low=frame_low,
            frame_high=frame_high,
            cut_low=np.searchsorted(cuts, starts, "right"),
            cut_high=np.maximum(np.searchsorted(cuts, ends, "left"), np.searchsorted(cuts, starts, "right")),
        )

    def _frames_of(self, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
        times = np.array([frame.pts_ms for frame in self.frames], dtype=np.int64)
        low = np.searchsorted(times, starts, "left")
        high = np.searchsorted(times, ends, "left")
        if not len(times):
            return low, high
        before, after = np.maximum(low - 1, 0), np.minimum(low, len(times) - 1)
        to_before, to_after = np.abs(times[before] - starts), np.abs(times[after] - ends)
        nearest = np.where(to_before <= to_after, before, after)
        usable = (low == high) & (np.minimum(to_before, to_after) <= NEAREST_FRAME_MS)
        return np.where(usable, nearest, low), np.where(usable, nearest + 1, high)


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows with what lies in them; ranges are half open positions, one entry per window.

    Args:
        spans: the windows themselves.
        starts, ends: their times in milliseconds.
        word_low, word_high: words that lie wholly inside.
        sentence_low, sentence_high: sentences that lie inside with their middle.
        frame_low, frame_high: frames inside, else the nearest one.
        cut_low, cut_high: cuts strictly inside.
    """

    spans: Sequence[Window]
    starts: Ints
    ends: Ints
    word_low: Ints
    word_high: Ints
    sentence_low: Ints
    sentence_high: Ints
    frame_low: Ints
    frame_high: Ints
    cut_low: Ints
    cut_high: Ints

    def __len__(self) -> int:
        return len(self.spans)

    @property
    def minutes(self) -> Floats:
        """Lengths in minutes, > 0."""
        minutes: Floats = np.maximum(self.ends - self.starts, 1) / 60_000
        return minutes


def finite(value: float, otherwise: float = 0.0) -> float:
    """The value, or `otherwise` when it is NaN or infinite."""
    return value if math.isfinite(value) else otherwise


def _times(values: Iterable[int]) -> Ints:
    return np.array(list(values), dtype=np.int64)


__all__ = ["Floats", "Ints", "Material", "Totals", "Windows", "finite"]
