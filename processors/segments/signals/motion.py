"""Motion: how much moves in the picture, as the frame extractor measured it between neighbouring frames."""

from __future__ import annotations

from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal


class Motion(Signal):
    """Mean motion of the frames, 0 still .. 1 all changed."""

    name = "motion"
    group = "vision"
    # action attracts, but a shaking camera measures the same
    weight = 0.02

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        motions = Totals(frame.motion for frame in material.frames)
        if not motions.any_known:
            return None
        raw = motions.mean(windows.frame_low, windows.frame_high)
        usual = motions.overall_mean

        def detail(index: int) -> str:
            if usual <= 0 or float(raw[index]) <= 0:
                return "hardly any motion"
            return f"{float(raw[index]) / usual:.1f} times the usual motion"

        return Measured(raw, detail)


__all__ = ["Motion"]
