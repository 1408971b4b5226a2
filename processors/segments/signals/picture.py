"""Picture: how good the frames are: how well they stand for their moment (the vision stage's score) and how sharp.

Sharpness has no upper bound and depends on the content, so it counts by its rank among the frames of the video.
"""

from __future__ import annotations

import numpy as np

from processors.segments.material import Material, Totals, Windows
from processors.segments.percentiles import percentiles
from processors.segments.signals.base import Measured, Signal


class Picture(Signal):
    """Mean of frame score and sharpness rank, 0..1."""

    name = "picture"
    group = "vision"
    # a good picture holds the eye; it does not bring it
    weight = 0.03

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        scores = np.array([frame.score for frame in material.frames], dtype=np.float64)
        if not np.isfinite(scores).any():
            return None
        sharpness = percentiles(np.array([frame.sharpness for frame in material.frames], dtype=np.float64))
        both = (scores + np.where(np.isfinite(sharpness), sharpness, 0.5)) / 2
        low, high = windows.frame_low, windows.frame_high
        raw = Totals(both).mean(low, high)

        def detail(index: int) -> str:
            span = slice(int(low[index]), int(high[index]))
            best = float(np.nanmax(scores[span]))
            above = round(100 * float(np.nanmean(sharpness[span]))) if np.isfinite(sharpness[span]).any() else 50
            return f"best frame scores {best:.2f}, sharper than {above} % of the frames"

        return Measured(raw, detail)


__all__ = ["Picture"]
