"""A new order of segments, by score and by how a language model rated them.

::

    value = (1 - weight) * score + weight * rating / 10        of each segment that was rated
    the places that rated segments had are given to them anew, the highest value first; at a tie the former order
    a segment that was not rated keeps its place

Scores stay what they are: they say what was measured, and are the sum of their reasons. The rating is one more reason
of weight 0, which tells it and adds nothing to that sum. Only rated segments move, and only among themselves, so that
one which the model was not shown neither gains nor loses by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from processors.domain import Reason, Segment

SIGNAL: Final = "language_model"
MOST: Final = 10.0  # the highest rating


def reranked(segments: Sequence[Segment], ratings: Mapping[str, float], weight: float) -> list[Segment]:
    """The segments in their new order, with new ranks.

    Args:
        segments: the best first.
        ratings: 0..10, by segment.
        weight: of the rating against the score, 0..1; with 0 nothing moves.
    """
    places = [at for at, segment in enumerate(segments) if segment.segment_id in ratings]

    def value(at: int) -> float:
        rating = ratings[segments[at].segment_id] / MOST
        return round((1.0 - weight) * segments[at].score + weight * rating, 9)

    order = list(range(len(segments)))
    if weight > 0.0:
        for place, at in zip(places, sorted(places, key=lambda at: (-value(at), at)), strict=True):
            order[place] = at
    ranks = sorted(segment.rank for segment in segments)
    return [replace(segments[at], rank=rank) for rank, at in zip(ranks, order, strict=True)]


def rated(segment: Segment, rating: float, source: str) -> Segment:
    """The segment with its rating among its reasons.

    Args:
        segment: to which it belongs.
        rating: 0..10.
        source: who rated it.
    """
    reasons = [reason for reason in segment.reasons if reason.signal != SIGNAL]
    told = Reason(SIGNAL, round(rating / MOST, 4), 0.0, f"rated {rating:g} of {MOST:g} by {source}")
    return replace(segment, reasons=[*reasons, told])


__all__ = ["MOST", "SIGNAL", "rated", "reranked"]
