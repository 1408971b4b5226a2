"""Cuts a sound track into chunks of speech, at most 29 s long, while it is still being decoded.

::

    speech    ####  ########   ###    ###         #### ###############################...
    chunks   [------------------------][----]      [------------------][--------------...
                 short pauses stay in              forced cut at 29 s: in the longest pause, else the least speech-like
                                                   moment

A chunk ends at a pause; the longer the chunk is already, the shorter the pause that will do. Chunks never overlap, each
span of speech lies in exactly one of them (a forced cut parts it). They follow each other without a gap where no more
than 3 s are between them, so that what the detector takes for a pause is heard by somebody; longer silence, music and
noise belong to none. At most the open chunk and what the detector has not seen yet are kept: about 35 s of sound.

The lengths are a trade-off. Short chunks are cheaper, as the encoder's cost grows with the square of the length, they
hold one language and one loudness more often, and they spread better over workers; long ones give context. 40 English
clips joined with random pauses (332 s), tiny.en, greedy: packed up to 29 s 15 % of words wrong in 10.2 s of processor
time, cut at pauses of 0.4 s from 6 s on 11 % in 7.2 s. base, beam 5, 770 s in three languages, wrong words of 1,708 (by
faster-whisper's defaults over whole files 164): pauses of 0.4 s from 6 s on 170, from 9 s on 163, from 12 s on 165.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from processors.domain import Span
from processors.speech.choice import LONGEST_CHUNK_MS
from processors.speech.vad import (
    MAX_RISE_WINDOWS,
    SAMPLE_RATE,
    WINDOW_MS,
    WINDOW_SAMPLES,
    Hysteresis,
    Samples,
    WindowSpan,
)

MAX_CHUNK_MS: Final = LONGEST_CHUNK_MS
MIN_CHUNK_MS: Final = 12_000  # a limit below that leaves no room for a cut of 8 s with a rest and what is around it
# Sound kept on both sides of the speech: the detector is late by a window or two, and unvoiced first and last
# consonants ("s", "t", "f") are not speech to it.
_PAD_WINDOWS: Final = 320 // WINDOW_MS
# Sound up to this long between two chunks belongs to the second one: the longest pause that may be within one.
_NEAR_WINDOWS: Final = 3_000 // WINDOW_MS
# Pause that ends a chunk, by the length of its speech so far: (from this length, a pause of this length), in windows.
# 1.5 s is always a new thought; "yes." alone waits for what follows, as a word without context is recognised badly.
_PAUSES: Final = tuple(
    (length_ms // WINDOW_MS, pause_ms // WINDOW_MS)
    for length_ms, pause_ms in ((18_000, 250), (9_000, 400), (1_500, 1_500), (0, 3_000))
)
# A forced cut leaves at least this much before it (a pause is looked for behind it) and, within speech, after it.
_MIN_FORCED_WINDOWS: Final = 8_000 // WINDOW_MS
_MIN_REST_WINDOWS: Final = 1_000 // WINDOW_MS
# The least speech-like moment is the lowest mean probability over this many windows: one alone may be a stop consonant.
_SMOOTHING_WINDOWS: Final = 5
_SAMPLES_PER_MS: Final = SAMPLE_RATE // 1000
_FEED_SAMPLES: Final = SAMPLE_RATE  # larger inputs are taken in pieces, so that memory stays bounded


class Detector(Protocol):
    """Gives speech probabilities per window; see `processors.speech.vad.SpeechDetector`."""

    def feed(self, samples: Samples) -> NDArray[np.float32]:
        """Take in samples, return what is known by now."""

    def finish(self) -> NDArray[np.float32]:
        """Return the rest."""


@dataclass(frozen=True, slots=True)
class SpeechChunk:
    """A piece of sound with speech in it.

    Attributes:
        samples: mono, 16 kHz, float32, exactly [start_ms, end_ms).
        speech: speech in it, absolute times, in order, not empty.
    """

    start_ms: int
    end_ms: int
    samples: Samples
    speech: list[Span]


class Chunker:
    """Takes in samples and gives out chunks as soon as they end. The same chunks for any sizes of the inputs.

    Args:
        detector: tells speech.
        between: is given all sound that no chunk has, in time order: where a piece begins (ms) and its samples.
        longest_ms: of a chunk, `MIN_CHUNK_MS` to `MAX_CHUNK_MS`.
    """

    def __init__(
        self,
        detector: Detector,
        between: Callable[[int, Samples], None] | None = None,
        longest_ms: int = MAX_CHUNK_MS,
    ) -> None:
        if not MIN_CHUNK_MS <= longest_ms <= MAX_CHUNK_MS:
            raise ValueError(f"chunks are {MIN_CHUNK_MS} to {MAX_CHUNK_MS} ms long at most, not {longest_ms}")
        self._detector = detector
        self._max_windows = longest_ms // WINDOW_MS
        self._between = between
        self._given = 0  # window up to which all sound is in a chunk or was given to `between`
        self._hysteresis = Hysteresis()
        self._spans: list[WindowSpan] = []  # closed speech of the open chunk
        self._done = 0  # window after the last chunk
        self._sound: Samples = np.zeros(0, dtype=np.float32)
        self._sound_window = 0  # window that the kept sound begins with
        self._probabilities: list[float] = []  # of the windows from `_sound_window` on

    @property
    def kept_samples(self) -> int:
        """Samples in memory."""
        return len(self._sound)

    def feed(self, samples: Samples) -> Iterator[SpeechChunk]:
        """Take in the next samples (mono, 16 kHz, float32, any number); yields the chunks that end in them."""
        for start in range(0, len(samples), _FEED_SAMPLES):
            piece = samples[start : start + _FEED_SAMPLES]
            self._sound = np.concatenate((self._sound, piece))
            yield from self._advance(self._detector.feed(piece))
            self._forget()

    def finish(self) -> Iterator[SpeechChunk]:
        """The chunks that are left at the end of the sound."""
        yield from self._advance(self._detector.finish())
        last = self._hysteresis.finish()
        if last is not None:
            self._spans.append(last)
        if self._spans:
            yield self._cut(len(self._spans), min(self._hysteresis.now, self._spans[-1][1] + _NEAR_WINDOWS))
        self._give(self._hysteresis.now)

    def _advance(self, probabilities: NDArray[np.float32]) -> Iterator[SpeechChunk]:
        for probability in probabilities.tolist():
            self._probabilities.append(probability)
            span = self._hysteresis.push(probability)
            if span is not None:
                self._spans.append(span)
            if self._pause_is_due():
                pause = self._hysteresis.now - self._spans[-1][1]
                yield self._cut(len(self._spans), self._spans[-1][1] + min(_PAD_WINDOWS, pause // 2))
            elif self._is_full():
                yield self._forced_cut()

    def _pause_is_due(self) -> bool:
        if not self._spans or self._hysteresis.start is not None:
            return False
        length = self._spans[-1][1] - self._spans[0][0]
        needed = next(pause for least, pause in _PAUSES if length >= least)
        return self._hysteresis.now - self._spans[-1][1] >= needed

    def _first(self) -> int | None:
        """First window of speech of the open chunk."""
        return self._spans[0][0] if self._spans else self._hysteresis.start

    def _start(self, first: int) -> int:
        return self._done if first - self._done <= _NEAR_WINDOWS else first - _PAD_WINDOWS

    def _is_full(self) -> bool:
        first = self._first()
        return first is not None and self._hysteresis.now - self._start(first) >= self._max_windows

    def _forced_cut(self) -> SpeechChunk:
        """Cut before the chunk gets too long: in its longest pause, else where it is least like speech."""
        now, open_start = self._hysteresis.now, self._hysteresis.start
        starts = [start for start, _ in self._spans[1:]] + [now if open_start is None else open_start]
        starts = starts[: len(self._spans)]  # speech without any pause so far has no closed span
        first = self._first()
        assert first is not None
        earliest = self._start(first) + _MIN_FORCED_WINDOWS
        pauses = [
            (start - end, count)
            for count, ((_, end), start) in enumerate(zip(self._spans, starts, strict=True), start=1)
            if end >= earliest
        ]
        if pauses:
            pause, count = max(pauses)  # the later one of equally long ones
            return self._cut(count, self._spans[count - 1][1] + min(_PAD_WINDOWS, pause // 2))
        begin = max(earliest, (open_start or 0) + 1)
        tried = self._probabilities[begin - self._sound_window : now - _MIN_REST_WINDOWS - self._sound_window]
        scores = np.convolve(tried, np.ones(_SMOOTHING_WINDOWS), mode="valid")
        window = begin + _SMOOTHING_WINDOWS // 2 + int(np.argmin(scores))
        span = self._hysteresis.split(window)
        assert span is not None, "without a pause behind `earliest`, the open speech reaches from there to now"
        self._spans.append(span)
        return self._cut(len(self._spans), window)

    def _cut(self, count: int, end: int) -> SpeechChunk:
        """Close the chunk at window `end` with its first `count` spans; the others begin the next one."""
        spans, self._spans = self._spans[:count], self._spans[count:]
        start = self._start(spans[0][0])
        self._give(start)
        self._done = self._given = end
        offset = (start - self._sound_window) * WINDOW_SAMPLES
        samples = self._sound[offset : offset + (end - start) * WINDOW_SAMPLES]
        length_ms = len(samples) // _SAMPLES_PER_MS  # the last window of the file may be short
        samples = samples[: length_ms * _SAMPLES_PER_MS].copy()
        start_ms, end_ms = start * WINDOW_MS, start * WINDOW_MS + length_ms
        # speech may have begun softly before the end of the chunk before
        speech = [Span(max(first, start) * WINDOW_MS, min(after * WINDOW_MS, end_ms)) for first, after in spans]
        return SpeechChunk(start_ms, end_ms, samples, [span for span in speech if span.start_ms < span.end_ms])

    def _forget(self) -> None:
        """Drop the sound and the probabilities that no chunk can need any more."""
        first = self._first()
        latest = self._hysteresis.now - MAX_RISE_WINDOWS - _NEAR_WINDOWS
        keep = max(self._done, latest) if first is None else self._start(first)
        drop = keep - self._sound_window
        self._give(keep)
        if drop > 0:
            self._sound = self._sound[drop * WINDOW_SAMPLES :]
            self._probabilities = self._probabilities[drop:]
            self._sound_window = keep

    def _give(self, window: int) -> None:
        """Hand on the sound before `window` that is in no chunk."""
        if window > self._given:
            first, last = ((at - self._sound_window) * WINDOW_SAMPLES for at in (self._given, window))
            if self._between is not None:
                self._between(self._given * WINDOW_MS, self._sound[first:last].copy())
            self._given = window


__all__ = ["MAX_CHUNK_MS", "MIN_CHUNK_MS", "Chunker", "Detector", "SpeechChunk"]
