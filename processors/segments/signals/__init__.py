"""The signals of ranking, in one place.

========= ============= ==========================================================================
group     signal        raw measure
========= ============= ==========================================================================
speech    hook          kinds of openings in the first 5 s
speech    completeness  starts and ends with whole sentences that stand alone, ends on no question
speech    substance     content words per square root of length
speech    centrality    nearness to what the topic and the video are about
speech    worth         sounds like what people keep (learned)
speech    elaboration   things said in full, not in scraps
speech    intent        somebody teaches, tells, advises, jokes or holds an opinion
speech    contrast      turns and strong claims
speech    questions     questions with what follows
speech    figures       numbers that are named
speech    names         people, places and things by name
speech    sentiment     strength of feeling in words and voice
speech    quotability   one sentence that can be quoted
speech    surprise      unlike what was said before
speech    pace          words per minute
speech    clarity       mean word probability
audio     laughter      seconds of laughter and applause
audio     pitch         how the melody of the voices moves
audio     dynamics      variation of loudness
audio     loudness      mean loudness
vision    faces         share of frames with a face, and its size
vision    picture       frame score and sharpness
vision    motion        mean motion
vision    rhythm        cuts per minute
vision    novelty       change of look between frames
vision    screen_text   share of frames with text
structure topic_change  begins and ends where the talk turns
structure length        long enough for a complete thought
structure position      away from the very beginning and end
structure exchange      changes of speaker
========= ============= ==========================================================================

Each file has a weight by judgement. Those that count are learned from it and from what people marked
(`data/ranking.json`, docs/ranking.md).
"""

from __future__ import annotations

from typing import Final

from processors.segments.signals.base import Group, Measured, Signal
from processors.segments.signals.centrality import Centrality
from processors.segments.signals.clarity import Clarity
from processors.segments.signals.completeness import Completeness
from processors.segments.signals.contrast import Contrast
from processors.segments.signals.dynamics import Dynamics
from processors.segments.signals.elaboration import Elaboration
from processors.segments.signals.exchange import Exchange
from processors.segments.signals.faces import Faces
from processors.segments.signals.figures import Figures
from processors.segments.signals.hook import Hook
from processors.segments.signals.intent import Intent
from processors.segments.signals.laughter import Laughter
from processors.segments.signals.length import Length
from processors.segments.signals.loudness import Loudness
from processors.segments.signals.motion import Motion
from processors.segments.signals.names import Names
from processors.segments.signals.novelty import Novelty
from processors.segments.signals.pace import Pace
from processors.segments.signals.picture import Picture
from processors.segments.signals.pitch import Pitch
from processors.segments.signals.position import Position
from processors.segments.signals.questions import Questions
from processors.segments.signals.quotability import Quotability
from processors.segments.signals.rhythm import Rhythm
from processors.segments.signals.screen_text import ScreenText
from processors.segments.signals.sentiment import Sentiment
from processors.segments.signals.substance import Substance
from processors.segments.signals.surprise import Surprise
from processors.segments.signals.topic_change import TopicChange
from processors.segments.signals.worth import Worth

ALL: Final[tuple[Signal, ...]] = (
    Hook(),
    Completeness(),
    Substance(),
    Centrality(),
    Worth(),
    Elaboration(),
    Intent(),
    Contrast(),
    Questions(),
    Figures(),
    Names(),
    Sentiment(),
    Quotability(),
    Surprise(),
    Pace(),
    Clarity(),
    Laughter(),
    Pitch(),
    Dynamics(),
    Loudness(),
    Faces(),
    Picture(),
    Motion(),
    Rhythm(),
    Novelty(),
    ScreenText(),
    TopicChange(),
    Length(),
    Position(),
    Exchange(),
)
MODALITIES: Final[tuple[Group, ...]] = ("speech", "audio", "vision")
GROUPS: Final[tuple[Group, ...]] = (*MODALITIES, "structure")

__all__ = ["ALL", "GROUPS", "MODALITIES", "Group", "Measured", "Signal"]
