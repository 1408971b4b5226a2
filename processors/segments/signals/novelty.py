"""Novelty: how much new there is to see from one frame to the next, in brightness, colour and kind of scene.

A surprise of the eye (Itti and Baldi 2009) in its cheapest form: the change against the frame before. Frames are
already free of near-duplicates, so a change here is one of content.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from processors.domain import FrameAnalysis
from processors.segments.material import Material, Totals, Windows, finite
from processors.segments.signals.base import Measured, Signal

# What a change of the kind of scene counts, on the 0..1 scale of brightness and colour: about day to dusk.
SCENE_CHANGE: Final = 0.3


class Novelty(Signal):
    """Mean change of look per frame, >= 0; needs two frames in the video."""

    name = "novelty"
    group = "vision"
    # a hint only: the look changes for many reasons
    weight = 0.02

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        if len(material.frames) < 2:
            return None
        changes = [np.nan, *(look_change(before, after) for before, after in pairwise(material.frames))]
        total = Totals(changes)
        raw, usual = total.mean(windows.frame_low, windows.frame_high), total.overall_mean

        def detail(index: int) -> str:
            if usual <= 0:
                return "the look does not change"
            return f"{float(raw[index]) / usual:.1f} times the usual change of look"

        return Measured(raw, detail)


def look_change(before: FrameAnalysis, after: FrameAnalysis) -> float:
    """Difference of two frames in brightness (0..1), colourfulness (0..1) and kind of scene."""
    change = abs(finite(after.brightness) - finite(before.brightness))
    change += abs(finite(after.colourfulness) - finite(before.colourfulness))
    return change + (SCENE_CHANGE if after.scene != before.scene else 0.0)


__all__ = ["Novelty", "look_change"]
