"""Position: away from the very beginning and the very end.

The first and last minutes of most recordings are greetings, set-up and thanks. The measure is the distance to the
nearer end, as far as it matters.
"""

from __future__ import annotations

import numpy as np

from processors.segments.material import Material, Windows
from processors.segments.signals.base import Measured, Signal
from processors.timeline import clock

# What is farther from both ends than this share of the video is as far as the middle.
FAR_SHARE = 0.08
FAR_MOST_MS = 120_000


class Position(Signal):
    """Distance to the nearer end of the video, 0..1 of what matters."""

    name = "position"
    group = "structure"
    # a hint: good openings exist, and a clip in the middle is no better for it
    weight = 0.03
    in_curve = False  # it would bend the curve at both ends of every video

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        far_ms = min(FAR_MOST_MS, material.duration_ms * FAR_SHARE)
        if far_ms <= 0:
            return None
        nearer = np.minimum(windows.starts, material.duration_ms - windows.ends)
        raw = np.clip(nearer / far_ms, 0.0, 1.0)

        def detail(index: int) -> str:
            return f"from {clock(int(windows.starts[index]))} of {clock(material.duration_ms)}"

        return Measured(raw, detail)


__all__ = ["Position"]
