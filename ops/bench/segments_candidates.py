"""The windows among which the ranking chooses: what it could find at best, and what it finds when it chooses by lot.

These two part the blame: where the candidates miss what people marked no order helps, and an order that finds no more
than the lot says nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import numpy as np

from ops.bench.segments_baselines import TRIES, is_new
from ops.bench.segments_item import Item
from ops.bench.segments_metrics import IOU
from processors.domain import Span
from processors.segments.gathering import gather
from processors.segments.material import Ints

LENGTH_TOLERANCE: Final = 0.1


def windows_of(item: Item) -> list[Span]:
    """The candidates of the ranking for an item, by start, then end."""
    return [Span(window.start_ms, window.end_ms) for window in gather(item.parts).windows]


def by_lot(windows: Sequence[Span], lengths_ms: Sequence[int], source: random.Random) -> list[Span]:
    """Our candidates drawn by lot, of given lengths: what the scores of the ranking must beat.

    The lengths are given since ours prefers long windows: of a meeting its segments have 52 s in the mean, and windows
    by lot among all candidates 30 s, which alone halves what they can find there.

    Returns:
        At most as many as there are lengths, with little overlap, each within `LENGTH_TOLERANCE` of its length, or the
        nearest where there is none.
    """
    if not windows:
        return []
    starts, ends = _times(windows)
    off = np.abs((ends - starts)[None, :] - np.array(lengths_ms)[:, None])
    chosen: list[Span] = []
    for length_ms, distances in zip(lengths_ms, off, strict=True):
        limit_ms = max(LENGTH_TOLERANCE * length_ms, float(distances.min()))
        fitting = np.flatnonzero(distances <= limit_ms)
        for _ in range(TRIES):
            window = windows[int(fitting[source.randrange(len(fitting))])]
            if is_new(window, chosen):
                chosen.append(window)
                break
    return chosen


def ceiling(windows: Sequence[Span], spans: Sequence[Span]) -> dict[str, float]:
    """What the best choice among candidates could find, of spans of which there is at least one.

    Returns:
        `candidates_recall`: share of the spans that some window finds. `candidates_best_iou`: mean over the spans of
        the nearest window's. Any number of windows may be chosen, so it is a bound for each depth.
    """
    if not windows:
        return {"candidates_recall": 0.0, "candidates_best_iou": 0.0}
    starts, ends = _times(windows)
    nearest = []
    for span in spans:
        shared = np.maximum(0, np.minimum(ends, span.end_ms) - np.maximum(starts, span.start_ms))
        nearest.append(float(np.max(shared / (ends - starts + span.end_ms - span.start_ms - shared))))
    return {
        "candidates_recall": sum(value >= IOU for value in nearest) / len(spans),
        "candidates_best_iou": sum(nearest) / len(spans),
    }


def _times(windows: Sequence[Span]) -> tuple[Ints, Ints]:
    starts = np.array([window.start_ms for window in windows], dtype=np.int64)
    return starts, np.array([window.end_ms for window in windows], dtype=np.int64)


__all__ = ["LENGTH_TOLERANCE", "by_lot", "ceiling", "windows_of"]
