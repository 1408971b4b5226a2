"""Reciprocal rank fusion: one order out of several, by the ranks in each and not by scores that cannot be compared.

G. V. Cormack, C. L. A. Clarke, S. Büttcher: "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
Methods", SIGIR 2009. An item has the sum of 1 / (k + rank) over the lists that it is in; k = 60 is the paper's, which
found little difference around it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Final, TypeVar

K: Final = 60

T = TypeVar("T", bound=Hashable)


def fused(lists: Mapping[str, Sequence[T]]) -> list[tuple[T, float, dict[str, int]]]:
    """Items, best first, each with its score and its rank (from 1) in each list that it is in.

    Args:
        lists: by name, each best first. An item that is in one twice has its better rank. Equal scores keep the order
            in which the items are met.
    """
    ranks: dict[T, dict[str, int]] = {}
    for name, items in lists.items():
        for rank, item in enumerate(items, 1):
            ranks.setdefault(item, {}).setdefault(name, rank)
    scored = [(item, sum(1.0 / (K + rank) for rank in held.values()), held) for item, held in ranks.items()]
    return sorted(scored, key=lambda one: -one[1])


__all__ = ["K", "fused"]
