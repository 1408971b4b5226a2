"""How the segments of a revision differ from those that were published before."""

from __future__ import annotations

from collections.abc import Sequence

from processors.domain import Changes


def changes_between(before: Sequence[str], after: Sequence[str]) -> Changes:
    """Compare by id; an id holds the times, so a segment whose times moved is removed and added.

    Args:
        before: ids of the segments, best first.
        after: those of the new revision.
    """
    ranks = {segment_id: rank for rank, segment_id in enumerate(before)}
    kept = set(after)
    return Changes(
        added=[segment_id for segment_id in after if segment_id not in ranks],
        removed=[segment_id for segment_id in before if segment_id not in kept],
        moved=[one for rank, one in enumerate(after) if ranks.get(one, rank) != rank],
    )


__all__ = ["changes_between"]
