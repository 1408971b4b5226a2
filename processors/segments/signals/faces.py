"""Faces: whether people are seen, and how near.

Faces draw the eye before anything else in a picture (Cerf et al. 2008), and a clip of a speaking person needs the
speaker.
"""

from __future__ import annotations

import math
from typing import Final

from processors.domain import FrameAnalysis
from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal, plural

# Detectors report weak hits on textures; half is the point where they are right more often than wrong.
LEAST_CONFIDENCE: Final = 0.5
# How much the size may add to presence: a face across the whole frame counts half as much again.
SIZE_WORTH: Final = 0.5
# Square root of the share of the frame from which on it is a close-up: the head fills a third of its height.
CLOSE_UP: Final = 0.33


class Faces(Signal):
    """Share of frames with a face, plus a part for its size."""

    name = "faces"
    group = "vision"
    # strongest of the visual signals
    weight = 0.05

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        if not material.frames:
            return None
        sizes = [largest_face(frame) for frame in material.frames]
        shown = Totals(float(size > 0) for size in sizes)
        low, high = windows.frame_low, windows.frame_high
        raw = shown.mean(low, high) + SIZE_WORTH * Totals(sizes).mean(low, high)

        def detail(index: int) -> str:
            inside = sizes[int(low[index]) : int(high[index])]
            count = sum(size > 0 for size in inside)
            if not count:
                return f"no face in {plural(len(inside), 'frame')}"
            near = ", close up" if max(inside) >= CLOSE_UP else ""
            return f"a face in {count} of {plural(len(inside), 'frame')}{near}"

        return Measured(raw, detail)


def largest_face(frame: FrameAnalysis) -> float:
    """Square root of the largest face's share of the frame, 0..1; 0 without a face."""
    areas = [face.width * face.height for face in frame.faces if face.confidence >= LEAST_CONFIDENCE]
    return math.sqrt(min(1.0, max(0.0, *areas, 0.0)))


__all__ = ["Faces", "largest_face"]
