"""What is said and what is shown: the script of the sample, its shots, and when everything happens.

Times follow from the lengths of the spoken clips: lines are laid one after the other with the pauses given here, and
each shot starts at a distance from the start of a line. Cuts fall on whole frames (40 ms), speech on whole ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

FPS: Final = 25
FRAME_MS: Final = 1000 // FPS
TITLE: Final = "How sea turtles find home"
LANGUAGE: Final = "en"

VOICES: Final = {"host": "rms", "guide": "slt"}
"""Flite voice of each speaker."""

LEAD_IN_MS: Final = 900
"""Picture and music before the first word."""
LEAD_OUT_MS: Final = 1900
"""Picture and music after the last word."""
PAUSE_MS: Final = 600
"""Between two sentences of one speaker. Below about 0.5 s Whisper tiny.en joins synthetic sentences with commas."""
TURN_MS: Final = 750
"""Between two speakers."""
QUIET_MS: Final = 5600
"""The long pause in the middle of the talk."""
BED_FADE_MS: Final = 400
"""The music fades out and in over this time at both ends of the long pause; between the fades nothing sounds at all."""
DISSOLVE_MS: Final = 800
"""Length of the one dissolve; the shot bound of the truth is its middle."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: who says it, what, and the pause before it."""

    speaker: str
    text: str
    pause_ms: int = PAUSE_MS


LINES: Final = (
    Line("host", "How does a sea turtle find one small beach after 20 years alone in the ocean?", LEAD_IN_MS),
    Line("host", "It has no map, no phone, and no parent to follow."),
    Line("guide", "Most people guess that turtles smell the way home, but that is wrong.", TURN_MS),
    Line("guide", "The secret is not in the water, it is deep inside the earth."),
    Line("guide", "Our planet is a giant magnet, and every beach has its own magnetic signature."),
    Line("guide", "A baby turtle learns it on the first day of life, and never forgets it."),
    Line("host", "Now here is the hard part.", QUIET_MS),
    Line("host", "Out of every thousand baby turtles, only one will live to become an adult."),
    Line("host", "Birds and crabs take many of them, but one of the worst dangers is a simple lamp."),
    Line("host", "Why would a lamp be so dangerous?"),
    Line("guide", "Baby turtles always move toward the brightest light.", TURN_MS),
    Line("guide", "For millions of years, that was the moon above the sea, but today it is often a hotel."),
    Line("guide", "But there is good news."),
    Line("guide", "When a town turns off its beach lights, the baby turtles find the water again."),
    Line("host", "So the next time you walk on a beach at night, turn off your light.", TURN_MS),
    Line("host", "One small switch can bring one turtle home."),
)
QUIET_BEFORE_LINE: Final = 6


@dataclass(frozen=True, slots=True)
class Cue:
    """A shot that starts ``offset_ms`` after the start of line ``line`` (before it when negative)."""

    look: str
    line: int
    offset_ms: int
    dissolve: bool = False


CUES: Final = (
    Cue("island", 0, -LEAD_IN_MS),
    Cue("underwater", 0, 2500),  # inside a sentence
    Cue("presenter", 2, -240),
    Cue("earth", 3, -160),
    Cue("beach-map", 4, 2200),  # inside a sentence
    Cue("moonlit", 6, -4950, dissolve=True),
    Cue("one-in-a-thousand", 6, -160),
    Cue("hotel", 8, 2300),  # inside a sentence
    Cue("presenter", 12, -200),
    Cue("dawn", 14, -280),
)
DUPLICATES: Final = ((2, 8),)
"""Pairs of shots that look nearly alike: the speaker in her study, twice."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, ``start_ms`` inclusive to ``end_ms`` exclusive."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """When everything happens: one span per line and per shot, the silence, and the length of the whole."""

    lines: tuple[Span, ...]
    shots: tuple[Span, ...]
    silence: Span
    duration_ms: int


def _to_frame(time_ms: int) -> int:
    """Round a time to the nearest start of a frame."""
    return round(time_ms / FRAME_MS) * FRAME_MS


def lay_out(clip_ms: Sequence[int]) -> Timeline:
    """Place the lines and shots, given the length of each spoken clip in ms (one per line).

    Raises:
        ValueError: when the number of clips is not the number of lines.
    """
    if len(clip_ms) != len(LINES):
        raise ValueError(f"{len(LINES)} lines need {len(LINES)} clips, not {len(clip_ms)}")
    lines: list[Span] = []
    clock = 0
    for line, length in zip(LINES, clip_ms, strict=True):
        start = clock + line.pause_ms
        clock = start + length
        lines.append(Span(start, clock))
    duration = -(-(clock + LEAD_OUT_MS) // FRAME_MS) * FRAME_MS
    starts = [_to_frame(lines[cue.line].start_ms + cue.offset_ms) for cue in CUES]
    shots = tuple(Span(start, end) for start, end in zip(starts, [*starts[1:], duration], strict=True))
    quiet_start, quiet_end = lines[QUIET_BEFORE_LINE - 1].end_ms, lines[QUIET_BEFORE_LINE].start_ms
    return Timeline(tuple(lines), shots, Span(quiet_start + BED_FADE_MS, quiet_end - BED_FADE_MS), duration)
