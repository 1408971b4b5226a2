"""The signals of ranking and their weights, in one place.

======== ============ ====== =====================================================
group    signal       weight raw measure
======== ============ ====== =====================================================
speech   hook           0.20 kinds of openings in the first 5 s
speech   completeness   0.16 starts and ends with whole sentences that stand alone
speech   substance      0.12 content words per square root of length
speech   pace           0.10 words per minute
speech   clarity        0.06 mean word probability
audio    dynamics       0.06 variation of loudness
audio    loudness       0.05 mean loudness
vision   faces          0.08 share of frames with a face, and its size
vision   picture        0.05 frame score and sharpness
vision   motion         0.04 mean motion
vision   rhythm         0.03 cuts per minute
vision   novelty        0.03 change of look between frames
vision   screen_text    0.02 share of frames with text
======== ============ ====== =====================================================

The weights are judgement, not yet measured against viewers' choices; they add up to 1. Speech has most, since a
segment is cut along speech and its words are what is best understood here.
"""

from __future__ import annotations

from typing import Final

from processors.segments.signals.base import Group, Measured, Signal
from processors.segments.signals.clarity import Clarity
from processors.segments.signals.completeness import Completeness
from processors.segments.signals.dynamics import Dynamics
from processors.segments.signals.faces import Faces
from processors.segments.signals.hook import Hook
from processors.segments.signals.loudness import Loudness
from processors.segments.signals.motion import Motion
from processors.segments.signals.novelty import Novelty
from processors.segments.signals.pace import Pace
from processors.segments.signals.picture import Picture
from processors.segments.signals.rhythm import Rhythm
from processors.segments.signals.screen_text import ScreenText
from processors.segments.signals.substance import Substance

ALL: Final[tuple[Signal, ...]] = (
    Hook(),
    Completeness(),
    Substance(),
    Pace(),
    Clarity(),
    Dynamics(),
    Loudness(),
    Faces(),
    Picture(),
    Motion(),
    Rhythm(),
    Novelty(),
    ScreenText(),
)
GROUPS: Final[tuple[Group, ...]] = ("speech", "audio", "vision")

__all__ = ["ALL", "GROUPS", "Group", "Measured", "Signal"]
