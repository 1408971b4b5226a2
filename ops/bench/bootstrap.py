"""How far a mean over a few items can be trusted: the percentile bootstrap (Efron 1979), seeded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

LEVEL: Final = 0.95
ROUNDS: Final = 2_000


def interval(values: Sequence[float], seed: int = 0) -> tuple[float, float] | None:
    """Bounds between which the mean lies in 95 % of the samples drawn from the values with replacement.

    Returns:
        Lower and upper bound; None where there is no spread to learn from: for fewer than two values, and for equal
        ones. No hit in 35 items is met one time in four by a way that hits one item in 25, and is no proof against it.
    """
    if len(set(values)) < 2:
        return None
    source = np.random.default_rng(seed)
    drawn = source.integers(0, len(values), (ROUNDS, len(values)))
    means = np.asarray(values, dtype=np.float64)[drawn].mean(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


__all__ = ["LEVEL", "ROUNDS", "interval"]
