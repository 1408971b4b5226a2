"""Topic change: whether the window is a piece of its own, which begins and ends where the talk turns.

A window that starts in the middle of a subject lacks its beginning, and one that runs into the next subject has two
ends. What is measured at both edges is how much better two topics explain the sentences around it than one.
"""

from __future__ import annotations

import numpy as np

from processors.segments.material import Material, Windows
from processors.segments.signals.base import Measured, Signal


class TopicChange(Signal):
    """Mean of how much the talk turns at the window's two edges, >= 0."""

    name = "topic_change"
    group = "structure"
    # next to centrality where boundaries are compared with people's (docs/ranking.md)
    weight = 0.08
    in_curve = False  # a moment has no edges

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        meaning = material.meaning
        if meaning is None:
            return None
        first = np.array([window.first for window in windows.spans], dtype=np.int64)
        last = np.array([window.last for window in windows.spans], dtype=np.int64)
        opening, closing = meaning.turns[first], meaning.turns[last + 1]
        # ranks, as a few turns are far stronger than all others
        usual = float(np.median(meaning.turns))

        def detail(index: int) -> str:
            turns = [name for name, turn in (("starts", opening), ("ends", closing)) if turn[index] > usual]
            return f"{' and '.join(turns)} where the talk turns" if turns else "lies within a subject"

        return Measured(np.where(first >= 0, (opening + closing) / 2, np.nan), detail)


__all__ = ["TopicChange"]
