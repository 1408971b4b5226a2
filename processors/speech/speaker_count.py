"""How many speakers there are, from the spectrum of how alike their prints are.

In a graph whose edges join prints of the same voice, the normalised Laplacian has one eigenvalue near 0 for each group
that hangs together (von Luxburg, "A tutorial on spectral clustering", 2007): the number of groups is where the
eigenvalues jump. Taken is the last jump that is large enough rather than the largest one, as too many groups are
joined again by `clustering.joined`, and groups that were never parted stay wrong.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

# More people than this are not told apart; a panel or a class has fewer who say more than a sentence.
MAX_SPEAKERS: Final = 30
# An eigenvalue below this belongs to a group of its own. Two voices that share one edge in ten have 0.1 and more.
_NEAR_ZERO: Final = 0.35
_JUMP: Final = 0.1


def speaker_count(eigenvalues: NDArray[np.float64]) -> int:
    """Groups to look for, 1..`MAX_SPEAKERS`, never more than there are prints.

    Args:
        eigenvalues: of the normalised Laplacian (0..2), ascending.
    """
    count = 1
    for index in range(1, min(len(eigenvalues), MAX_SPEAKERS)):
        if eigenvalues[index] >= _NEAR_ZERO:
            break
        following = eigenvalues[index + 1] if index + 1 < len(eigenvalues) else 1.0
        if eigenvalues[index] < _JUMP or following - eigenvalues[index] >= _JUMP:
            count = index + 1
    return count


__all__ = ["MAX_SPEAKERS", "speaker_count"]
