"""Geometry of the timeline picture: everything in per cent of the duration, so that it fits any width.

Text inside keeps its size on a phone, as only positions scale. The curve and the cuts are drawn in boxes that
stretch, with lines that do not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from processors.domain import Shot, Utterance
from processors.timeline import clock

# Points of the curve; more than the pixels of a wide screen show nothing new.
CURVE_POINTS: Final = 480
# Speech that pauses for less than this share of the width is drawn as one bar: below a pixel or two.
JOIN_PERCENT: Final = 0.2
# Room for a number badge: 24 pixels of 540, 18 (as they are on a phone) of 400.
BADGE_PERCENT: Final = 4.5
# Lines of cuts melt into one when there are more than one in four pixels of a wide screen; shades take over.
MOST_CUT_LINES: Final = 240
DENSITY_BINS: Final = 160
# Transitions that are no cut: `Shot.transition`.
GRADUAL: Final = ("dissolve", "fade")
# Steps of the axis in seconds, and the most labels that fit a desktop; a phone hides every second one.
AXIS_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400)
AXIS_LABELS: Final = 9


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from `x` for `width`, both in per cent."""

    x: float
    width: float
    kind: int = 0


@dataclass(frozen=True, slots=True)
class Shade:
    """A bar whose opacity (0..1) tells how much there is."""

    x: float
    width: float
    opacity: float


@dataclass(frozen=True, slots=True)
class Marker:
    """A segment on the timeline: a bar in one of several lanes with a numbered badge in its middle."""

    x: float
    width: float
    middle: float
    lane: int


@dataclass(frozen=True, slots=True)
class Tick:
    """A label of the time axis."""

    x: float
    label: str
    anchor: str
    minor: bool


def percent(ms: int, duration_ms: int) -> float:
    """A time as per cent of the duration, 0..100, two decimals."""
    return round(100 * min(max(ms, 0), duration_ms) / duration_ms, 2) if duration_ms > 0 else 0.0


def speech_bars(transcript: Sequence[Utterance], languages: Sequence[str], duration_ms: int) -> list[Bar]:
    """Bars of speech; `kind` is the position of the language in `languages`, its length for any other."""
    bars: list[Bar] = []
    for utterance in transcript:
        x, end = percent(utterance.start_ms, duration_ms), percent(utterance.end_ms, duration_ms)
        known = utterance.language in languages
        kind = list(languages).index(utterance.language) if known else len(languages)
        if bars and bars[-1].kind == kind and x - (bars[-1].x + bars[-1].width) <= JOIN_PERCENT:
            bars[-1] = Bar(bars[-1].x, round(max(end - bars[-1].x, bars[-1].width), 2), kind)
        else:
            bars.append(Bar(x, round(max(end - x, 0.0), 2), kind))
    return bars


def cut_path(shots: Sequence[Shot], duration_ms: int, *, gradual: bool = False) -> str:
    """Path of vertical lines where shots begin, in a box of 100 x 1; empty when there are too many for lines.

    Args:
        shots: in time order; the first begins with no line.
        duration_ms: of the video.
        gradual: those that begin with a dissolve or fade; else all others, also where it is not known.
    """
    if len(shots) - 1 > MOST_CUT_LINES:
        return ""
    begun = (shot.start_ms for shot in shots[1:] if (shot.transition in GRADUAL) == gradual)
    return "".join(f"M{x:g} 0V1" for x in dict.fromkeys(percent(at_ms, duration_ms) for at_ms in begun))


def gradual_counts(shots: Sequence[Shot]) -> str:
    """How many shots begin with a dissolve and a fade, for people: "2 dissolves, 1 fade"; empty for none."""
    counts = Counter(shot.transition for shot in shots[1:])
    return ", ".join(f"{counts[kind]} {kind}{'' if counts[kind] == 1 else 's'}" for kind in GRADUAL if counts[kind])


def cut_density(shots: Sequence[Shot], duration_ms: int) -> list[Shade]:
    """Shots that begin per stretch as shades, for more than lines can show; empty when lines do."""
    cuts = [shot.start_ms for shot in shots[1:]]
    if len(cuts) <= MOST_CUT_LINES or duration_ms <= 0:
        return []
    counts = Counter(min(at * DENSITY_BINS // duration_ms, DENSITY_BINS - 1) for at in cuts)
    most, width = max(counts.values()), 100 / DENSITY_BINS
    return [Shade(round(at * width, 3), round(width, 3), round(counts[at] / most, 2)) for at in sorted(counts)]


def curve_path(curve: Sequence[float], duration_ms: int) -> str:
    """Outline of the interest curve in a box of 100 x 100 with the origin above: mean per stretch of the video.

    Args:
        curve: interest per second, 0..1.
        duration_ms: of the video.
    """
    if not curve or duration_ms <= 0:
        return ""
    step = max(1, -(-len(curve) // CURVE_POINTS))
    points: list[tuple[float, float]] = []
    for first in range(0, len(curve), step):
        part = curve[first : first + step]
        middle_ms = round((first + len(part) / 2) * 1_000)
        level = min(1.0, max(0.0, sum(part) / len(part)))
        points.append((percent(middle_ms, duration_ms), round(100 - 100 * level, 1)))
    # a file that was cut short has no curve where nothing was decoded
    end = percent(min(len(curve) * 1_000, duration_ms), duration_ms)
    points = [(0.0, points[0][1]), *points, (end, points[-1][1])]
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def markers(spans: Sequence[tuple[int, int]], duration_ms: int) -> list[Marker]:
    """Segments as bars in lanes, so that neither bars nor badges cover each other.

    Args:
        spans: start and end in milliseconds, in order of rank.
        duration_ms: of the video.

    Returns:
        One marker per span, in the same order; lanes from 0, as few as first fit by start needs.
    """
    free: list[float] = []  # per lane: where the next marker may begin
    placed: dict[int, Marker] = {}
    for index in sorted(range(len(spans)), key=lambda at: spans[at]):
        x, end = percent(spans[index][0], duration_ms), percent(spans[index][1], duration_ms)
        middle = min(max((x + end) / 2, BADGE_PERCENT / 2), 100 - BADGE_PERCENT / 2)
        left, right = min(x, middle - BADGE_PERCENT / 2), max(end, middle + BADGE_PERCENT / 2)
        lane = next((at for at, until in enumerate(free) if until <= left + 1e-9), len(free))
        free[lane : lane + 1] = [right]
        placed[index] = Marker(x, round(max(end - x, 0.0), 2), round(middle, 2), lane)
    return [placed[index] for index in range(len(spans))]


def axis(duration_ms: int) -> list[Tick]:
    """Labels of the time axis at round times; every second one is minor."""
    if duration_ms <= 0:
        return []
    fitting = (step for step in AXIS_STEPS_S if duration_ms <= step * 1_000 * AXIS_LABELS)
    step_ms = 1_000 * next(
        fitting, AXIS_STEPS_S[-1] * max(1, -(-duration_ms // (AXIS_STEPS_S[-1] * 1_000 * AXIS_LABELS)))
    )
    ticks: list[Tick] = []
    for position, at_ms in enumerate(range(0, duration_ms + 1, step_ms)):
        x = percent(at_ms, duration_ms)
        anchor = "start" if x < 3 else "end" if x > 97 else "middle"  # labels at the edges stay inside
        ticks.append(Tick(x, clock(at_ms), anchor, bool(position % 2)))
    return ticks


__all__ = [
    "Bar",
    "Marker",
    "Shade",
    "Tick",
    "axis",
    "curve_path",
    "cut_density",
    "cut_path",
    "gradual_counts",
    "markers",
    "percent",
    "speech_bars",
]
