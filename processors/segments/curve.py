"""The interest curve: one figure per second, from the same signals as the segments.

Each second is judged by the few seconds around it, so the curve shows where a video is dense and where it idles
without depending on where candidates start and end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from processors.segments.candidates import Window
from processors.segments.fusion import fuse
from processors.segments.material import Material
from processors.segments.signals import ALL

SECOND_MS: Final = 1_000
# What is looked at around each second: enough for a phrase of speech, short enough to show peaks.
AROUND_MS: Final = 2_000
# Three decimals are finer than any screen shows; the curve is the longest list of numbers in a document.
DECIMALS: Final = 3


def interest_curve(material: Material, weights: Mapping[str, float]) -> list[float]:
    """Interest per second of the video.

    Args:
        material: of the video.
        weights: by signal name, as from `preferred_weights`.

    Returns:
        One figure 0..1 per started second; 0 where nothing was measured; empty when the video has no length or
        nothing at all could be measured.
    """
    seconds = range(0, material.duration_ms, SECOND_MS)
    spans = [Window(max(0, at - AROUND_MS), min(material.duration_ms, at + SECOND_MS + AROUND_MS)) for at in seconds]
    if not spans:
        return []
    fusion = fuse(material, material.windows(spans), weights, [signal for signal in ALL if signal.in_curve])
    if not fusion.names:
        return []
    return [round(score, DECIMALS) for score in fusion.scores.tolist()]


__all__ = ["interest_curve"]
