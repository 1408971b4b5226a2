"""Percentile ranks: what makes signals of any scale comparable inside one video."""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.segments.material import Floats

# Numbers that are equal in theory may differ in the last bits after different sums; 9 decimals make them equal again.
DECIMALS: Final = 9


def percentiles(values: Floats) -> Floats:
    """Mid-rank percentile of each value among all known ones.

    The share of values below plus half the share of equal ones: ties get the same rank, a value among only equal ones
    gets 0.5, and the mean is always 0.5.

    Args:
        values: shape (n,), NaN where not known; infinite counts as not known.

    Returns:
        Shape (n,), 0..1 exclusive, NaN where not known.
    """
    known = np.isfinite(values)
    ranks = np.full(len(values), np.nan)
    if known.any():
        _, inverse, counts = np.unique(np.round(values[known], DECIMALS), return_inverse=True, return_counts=True)
        below = np.cumsum(counts) - counts
        ranks[known] = (below + counts / 2)[inverse] / counts.sum()
    return ranks


__all__ = ["DECIMALS", "percentiles"]
