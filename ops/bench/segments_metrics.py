"""What ranked segments are worth: whether they find what people marked, and whether they begin and end with sentences.

All functions take segments best first and give shares of one video, which are then averaged over the videos.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ops.bench.segments_item import Item, Speech
from processors.domain import Span

DEPTHS: Final = (1, 3, 5, 10)
# A segment finds a span when they share at least half of what both together cover.
IOU: Final = 0.5
RETRIEVAL: Final = (
    *(f"hit@{depth}" for depth in DEPTHS),
    *(f"recall@{depth}" for depth in DEPTHS),
    "map",
    "best_iou",
    *(f"inside@{depth}" for depth in DEPTHS),
)
EDGES: Final = ("starts_on_sentence", "ends_on_sentence", "words_cut")
METRICS: Final = (*RETRIEVAL, *EDGES)


def iou(one: Span, other: Span) -> float:
    """Time shared by two spans over the time that they cover together, 0..1."""
    shared = min(one.end_ms, other.end_ms) - max(one.start_ms, other.start_ms)
    if shared <= 0:
        return 0.0
    return shared / (one.end_ms - one.start_ms + other.end_ms - other.start_ms - shared)


def found(segments: Sequence[Span], spans: Sequence[Span]) -> list[bool]:
    """Of each segment whether it finds a span: the nearest one that none before it has found. Repeats find nothing."""
    left = list(spans)
    hits = []
    for segment in segments:
        best = max(left, key=lambda span: iou(segment, span), default=None)
        hit = best is not None and iou(segment, best) >= IOU
        if hit and best is not None:
            left.remove(best)
        hits.append(hit)
    return hits


def average_precision(hits: Sequence[bool], spans: int) -> float:
    """Mean over all spans of the precision at the rank where each is found, 0 for those that are not; spans > 0."""
    total, so_far = 0.0, 0
    for rank, hit in enumerate(hits, start=1):
        so_far += hit
        total += so_far / rank if hit else 0.0
    return total / spans


def share_inside(segment: Span, spans: Sequence[Span], shown: Sequence[Span] = ()) -> float:
    """Share of a segment's time, 0..1, that lies in marked spans and that no segment before it has shown.

    Where spans overlap it counts once, and what is shown again counts as outside: repeats gain nothing.
    """
    inside_ms, reached = 0, segment.start_ms
    for span in sorted(spans, key=lambda span: span.start_ms):
        low, high = max(span.start_ms, reached), min(span.end_ms, segment.end_ms)
        if low < high:
            inside_ms, reached = inside_ms + _unseen_ms(low, high, shown), high
    return inside_ms / max(1, segment.end_ms - segment.start_ms)


def _unseen_ms(low: int, high: int, shown: Sequence[Span]) -> int:
    """How much of [low, high) lies in none of these."""
    unseen_ms, reached = 0, low
    for span in sorted(shown, key=lambda span: span.start_ms):
        unseen_ms += max(0, min(span.start_ms, high) - reached)
        reached = max(reached, min(span.end_ms, high))
    return unseen_ms + max(0, high - reached)


def retrieval(segments: Sequence[Span], spans: Sequence[Span]) -> dict[str, float]:
    """How well the first segments find the marked spans.

    Args:
        segments: best first. Where there are fewer than k, `inside@k` counts the missing ones as outside, so that
            holding back what is doubtful gains nothing.
        spans: at least one.
    """
    hits = found(segments, spans)
    inside = [share_inside(segment, spans, segments[:rank]) for rank, segment in enumerate(segments)]
    nearest = [max((iou(segment, span) for segment in segments[: DEPTHS[-1]]), default=0.0) for span in spans]
    return {
        **{f"hit@{depth}": float(any(hits[:depth])) for depth in DEPTHS},
        **{f"recall@{depth}": sum(hits[:depth]) / len(spans) for depth in DEPTHS},
        "map": average_precision(hits[: DEPTHS[-1]], len(spans)),
        "best_iou": sum(nearest) / len(spans),
        **{f"inside@{depth}": sum(inside[:depth]) / depth for depth in DEPTHS},
    }


def edges(segments: Sequence[Span], speech: Speech) -> dict[str, float | None]:
    """How segments begin and end.

    Returns:
        `starts_on_sentence`, `ends_on_sentence`: share of the segments whose first whole word opens, whose last one
        closes a sentence, with no word cut there. None without punctuation. Segments in which nobody speaks do not
        count. `words_cut`: words cut through per segment, 0..2; None without segments or words.
    """
    if not segments or not speech.starts:
        return dict.fromkeys(EDGES)
    starts: list[bool] = []
    ends: list[bool] = []
    cuts = 0
    for segment in segments:
        cut_start, cut_end = speech.cut_at(segment.start_ms), speech.cut_at(segment.end_ms)
        cuts += cut_start + cut_end
        words = speech.inside(segment)
        if words or cut_start or cut_end:
            starts.append(bool(words) and not cut_start and speech.opens[words[0]])
            ends.append(bool(words) and not cut_end and speech.closes[words[-1]])
    known = speech.marked and bool(starts)
    return {
        "starts_on_sentence": sum(starts) / len(starts) if known else None,
        "ends_on_sentence": sum(ends) / len(ends) if known else None,
        "words_cut": cuts / len(segments),
    }


def measure(segments: Sequence[Span], item: Item) -> dict[str, float | None]:
    """All metrics of the first segments of an item, as many as the deepest of `DEPTHS`.

    Where times were made, words follow each other without a pause, so that each time but a few lies within a word: the
    edges are moved to the nearest word, and `words_cut` is None.
    """
    first = segments[: DEPTHS[-1]]
    if item.timed:
        return {**retrieval(first, item.spans), **edges(first, item.speech)}
    first = [item.speech.at_words(segment) for segment in first]
    return {**retrieval(first, item.spans), **edges(first, item.speech), "words_cut": None}


__all__ = [
    "DEPTHS", "EDGES", "IOU", "METRICS", "RETRIEVAL", "average_precision", "edges", "found", "iou", "measure",
    "retrieval", "share_inside",
]  # fmt: skip
