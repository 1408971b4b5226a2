"""The audit of chunking: how much speech lies outside all chunks. It must be none, as nobody would ever hear it.

Speech is what a truth file or an RTTM says, or what the voice activity network says about the whole file on its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from processors.domain import Span
from processors.speech.chunking import Detector
from processors.speech.vad import WINDOW_MS, Hysteresis, Samples


def uncovered(speech: Iterable[Span], chunks: Iterable[Span], edge_ms: int = 0) -> list[Span]:
    """The pieces of speech outside all chunks.

    Args:
        speech: spans in any order; those that overlap (several speakers) count once.
        chunks: spans in any order.
        edge_ms: how far the bounds of `speech` may be off: so much is left out at both ends of each span, >= 0.

    Returns:
        Spans in time order that do not touch each other.
    """
    left = _joined([Span(span.start_ms + edge_ms, span.end_ms - edge_ms) for span in speech])
    for chunk in _joined(chunks):
        left = [
            piece
            for span in left
            for piece in (
                Span(span.start_ms, min(span.end_ms, chunk.start_ms)),
                Span(max(span.start_ms, chunk.end_ms), span.end_ms),
            )
            if piece.start_ms < piece.end_ms
        ]
    return _joined(left)


def uncovered_ms(speech: Iterable[Span], chunks: Iterable[Span], edge_ms: int = 0) -> int:
    """Their length in all, in ms; see `uncovered`."""
    return sum(span.end_ms - span.start_ms for span in uncovered(speech, chunks, edge_ms))


def faults(chunks: Sequence[Span], longest_ms: int) -> list[str]:
    """What is wrong with chunks in the order in which they came, for people; empty when nothing is."""
    found = [
        f"chunk {n} is {chunk.end_ms - chunk.start_ms} ms long"
        for n, chunk in enumerate(chunks)
        if not 0 < chunk.end_ms - chunk.start_ms <= longest_ms
    ]
    found += [
        f"chunk {n} begins {before.end_ms - after.start_ms} ms before the end of the one before it"
        for n, (before, after) in enumerate(pairwise(chunks), start=1)
        if after.start_ms < before.end_ms
    ]
    return found


def detected(samples: Samples, detector: Detector) -> list[Span]:
    """Speech of a whole file by the voice activity network, without any cutting.

    Args:
        samples: mono, 16 kHz, float32, shape (n,).
        detector: a new one.
    """
    hysteresis = Hysteresis()
    known = [detector.feed(samples), detector.finish()]
    spans = [hysteresis.push(float(probability)) for part in known for probability in part]
    spans.append(hysteresis.finish())
    end_ms = len(samples) * 1000 // 16_000  # the last window is filled up with silence
    return [
        Span(first * WINDOW_MS, min(after * WINDOW_MS, end_ms))
        for first, after in (span for span in spans if span is not None)
        if first * WINDOW_MS < end_ms
    ]


def read_rttm(text: str) -> list[Span]:
    """Speech of an RTTM file: its `SPEAKER` lines, in their order.

    Raises:
        ValueError: a line without a start or a duration.
    """
    spans = []
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        try:
            start_ms, length_ms = round(float(fields[3]) * 1000), round(float(fields[4]) * 1000)
        except (IndexError, ValueError) as error:
            raise ValueError(f"line {number} of the RTTM has no start and duration: {line}") from error
        spans.append(Span(start_ms, start_ms + length_ms))
    return spans


def _joined(spans: Iterable[Span]) -> list[Span]:
    """In order, with those that touch or overlap made one, and empty ones left out."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start_ms, one.end_ms)):
        if span.end_ms <= span.start_ms:
            continue
        if joined and span.start_ms <= joined[-1].end_ms:
            joined[-1] = Span(joined[-1].start_ms, max(joined[-1].end_ms, span.end_ms))
        else:
            joined.append(span)
    return joined


__all__ = ["detected", "faults", "read_rttm", "uncovered", "uncovered_ms"]
