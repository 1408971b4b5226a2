"""What training of the ranking learns from: for each candidate of an item its signals, and whether people marked it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ops.bench.segments_item import Item
from processors.domain import Span
from processors.segments.confidence import allowance
from processors.segments.fusion import fuse
from processors.segments.gathering import gather
from processors.segments.material import Floats, Ints, Totals
from processors.segments.meaning import Meaning, Understand
from processors.segments.opening import kept_opening_ms
from processors.segments.percentiles import percentiles
from processors.segments.signals import ALL


@dataclass(frozen=True, slots=True)
class Table:
    """One item.

    Attributes:
        item: what it was made of.
        starts, ends: of the windows, in milliseconds.
        ranks: by signal, shape (windows,), percentile among the windows; those that could be measured and tell windows
            apart.
        meaning: of the sentences.
        middles: of the sentences, in milliseconds.
        low, high: of each window its sentences.
        iou: shape (windows,), with the nearest marked span.
        inside: shape (windows,), share of the window that is marked.
        allowed: shape (windows,), what the material allows of confidence.
        opening: what is known of the opening alone; None where none is kept.
    """

    item: Item
    starts: Ints
    ends: Ints
    ranks: dict[str, Floats]
    meaning: Meaning
    middles: Ints
    low: Ints
    high: Ints
    iou: Floats
    inside: Floats
    allowed: Floats
    opening: Table | None

    def marked_sentences(self) -> Floats:
        """Of each sentence whether it lies in a marked span, 0 or 1."""
        found = np.zeros(len(self.middles))
        for span in self.item.spans:
            found[(self.middles >= span.start_ms) & (self.middles < span.end_ms)] = 1.0
        return found

    def mean(self, values: Floats) -> Floats:
        """Of each window the mean of what its sentences have, weighted by their words; NaN without sentences."""
        sums = np.concatenate([[0.0], np.cumsum(values * self.meaning.weights)])
        totals = np.concatenate([[0.0], np.cumsum(self.meaning.weights)])
        total = totals[self.high] - totals[self.low]
        return np.where(total > 0, (sums[self.high] - sums[self.low]) / np.where(total > 0, total, 1.0), np.nan)

    def matrix(self, names: Sequence[str]) -> Floats:
        """Percentiles less a half, shape (windows, names); 0 where not measured."""
        columns = [np.nan_to_num(self.ranks[name] - 0.5) if name in self.ranks else self._unknown() for name in names]
        return np.stack(columns, axis=1)

    def _unknown(self) -> Floats:
        return np.zeros(len(self.starts))


def table_of(item: Item, understand: Understand, until_ms: int | None = None) -> Table | None:
    """The table of an item, or of its beginning; None when nothing is said in it, or no window fits."""
    gathered = gather(item.parts, until_ms, understand=understand)
    material = gathered.material
    if material.meaning is None or not gathered.windows:
        return None
    windows = material.windows(gathered.windows)
    ranks = {}
    for signal in ALL:
        measured = signal.measure(material, windows)
        if measured is not None:
            rank = percentiles(measured.raw)
            known = rank[np.isfinite(rank)]
            if len(known) and known.min() < known.max():
                ranks[signal.name] = rank
    opening_ms = kept_opening_ms(gathered.duration_ms) if until_ms is None else 0
    middles = np.array([(one.start_ms + one.end_ms) // 2 for one in material.sentences], dtype=np.int64)
    iou, inside = judged(windows.starts, windows.ends, item.spans)
    # by judgement, so that what is learned does not hang on what was learned before
    fusion = fuse(material, windows, {signal.name: signal.weight for signal in ALL})
    certain = Totals(token.probability for token in material.tokens).mean(windows.word_low, windows.word_high)
    return Table(
        item,
        windows.starts,
        windows.ends,
        ranks,
        material.meaning,
        middles,
        windows.sentence_low,
        windows.sentence_high,
        iou,
        inside,
        allowance(fusion.modalities, np.where(np.isfinite(certain), certain, 1.0)),
        table_of(item, understand, opening_ms) if opening_ms else None,
    )


def judged(starts: Ints, ends: Ints, spans: Sequence[Span]) -> tuple[Floats, Floats]:
    """Of each window the IoU with the nearest span, and the share of its time within any."""
    nearest = np.zeros(len(starts))
    for span in spans:
        shared = np.maximum(0, np.minimum(ends, span.end_ms) - np.maximum(starts, span.start_ms))
        nearest = np.maximum(nearest, shared / (ends - starts + span.end_ms - span.start_ms - shared))
    within = np.zeros(len(starts))
    for begin_ms, end_ms in _union(spans):
        within += np.maximum(0, np.minimum(ends, end_ms) - np.maximum(starts, begin_ms))
    return nearest, within / np.maximum(1, ends - starts)


def _union(spans: Sequence[Span]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda span: span.start_ms):
        if joined and span.start_ms <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], span.end_ms))
        else:
            joined.append((span.start_ms, span.end_ms))
    return joined


__all__ = ["Table", "judged", "table_of"]
