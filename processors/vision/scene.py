"""From measurements to words: the scene, the labels and the score of a picture, by rules that can be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from processors.domain import Face, Label
from processors.vision.colour import Colour
from processors.vision.ocr import TextLine

# Labels with less confidence are left out.
MIN_LABEL_CONFIDENCE: Final = 0.5
# A label's confidence rises linearly from 0 at the first value to 1 at the second; half way is where people would begin
# to use the word. Brightness and colourfulness 0..1, motion as in `look.motion`.
_DARK: Final = (0.34, 0.06)
_BRIGHT: Final = (0.55, 0.90)
_COLOURFUL: Final = (0.20, 0.70)  # 0.45 is "averagely colourful" to Hasler and Suesstrunk's viewers
_BLACK_AND_WHITE: Final = (0.020, 0.002)  # saturation; a grey street filmed in colour has 0.010
_MOVING: Final = (0.005, 0.035)  # 0.02 is a person walking through the picture
_STILL: Final = (0.004, 0.0)  # film grain and noise leave 0.001
_BLACK: Final = (48 / 255, 16 / 255)  # what 99 % of it stay below; 32 is where `Colour.black` begins
_FROZEN_MS: Final = (0, 6_000)  # nobody speaks before a picture for three seconds without moving it
# A face of this part of the picture's height makes a close-up.
_CLOSE_UP_HEIGHT: Final = 0.30
_COUNT_WORDS: Final = {2: "two faces", 3: "three faces"}
# Scene "title": few lines, large on a flat ground or very large. "text": so many lines, or so much covered by them.
_TITLE_LINES: Final = 4
_TITLE_LINE_HEIGHT: Final = 0.045  # a subtitle's line is 0.03 to 0.06 high, but stands on a picture
_TITLE_FLATNESS: Final = 0.55
_HUGE_LINE_HEIGHT: Final = 0.08
_TITLE_HEIGHT: Final = (0.0, 2 * _TITLE_LINE_HEIGHT)  # how sure a title is, by its largest line
_TEXT_LINES: Final = 5
_TEXT_AREA: Final = 0.08
# A picture without text is a graphic when this much of it has one tone, and it is no night.
_GRAPHIC_FLATNESS: Final = 0.80
_NIGHT: Final = 0.15
# Faces below this part of the picture's height are in the background of a slide or a screen.
_FACE_HEIGHT: Final = 0.06
# Score: weights, and the sharpness that counts half (a soft picture has 50, a crisp one several hundred).
_WEIGHTS: Final = {"sharp": 0.30, "exposed": 0.20, "contrast": 0.15, "colour": 0.10, "content": 0.25}
_HALF_SHARPNESS: Final = 150.0
_TEXT_CONTENT: Final = 0.6  # what text is worth as content, where a sure face is 1
_MOTION_LOSS: Final = 0.3  # part of the score that a picture in full motion loses


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was measured in a picture."""

    colour: Colour
    faces: list[Face]
    lines: list[TextLine]  # that could be read
    line_heights: list[float]  # of all that look like text, relative to the picture's shorter side
    sharpness: float
    motion: float
    named: list[Label] = field(default_factory=list)  # what is in it, by `naming.name`
    still_ms: int = 0  # for how long around it nothing changes


def scene_of(seen: Seen) -> str:
    """The kind of picture: "black", "title", "people", "text", "graphic" or "other"."""
    if seen.colour.black:
        return "black"
    heights = sorted(seen.line_heights)
    covered = sum(line.width * line.height for line in seen.lines)
    large_face = any(face.height >= _FACE_HEIGHT for face in seen.faces)
    if large_face:
        return "people"
    if seen.lines and len(heights) <= _TITLE_LINES:
        on_flat_ground = seen.colour.flatness >= _TITLE_FLATNESS and heights[-1] >= _TITLE_LINE_HEIGHT
        if on_flat_ground or (heights[-1] >= _HUGE_LINE_HEIGHT and covered >= _TEXT_AREA):
            return "title"
    if seen.lines and (len(heights) >= _TEXT_LINES or covered >= _TEXT_AREA):
        return "text"
    if seen.faces or any(label.name == "person" for label in seen.named):
        return "people"
    if seen.colour.plain or (seen.colour.flatness >= _GRAPHIC_FLATNESS and seen.colour.brightness >= _NIGHT):
        return "graphic"
    return "other"


def labels_of(seen: Seen) -> list[Label]:
    """Labels with their confidences, the surest first; confidences below 0.5 are left out."""
    colour = seen.colour
    found = {
        "dark": _ramp(colour.brightness, _DARK),
        "bright": _ramp(colour.brightness, _BRIGHT),
        "colourful": _ramp(colour.colourfulness, _COLOURFUL),
        "moving": _ramp(seen.motion, _MOVING),
        "still": _ramp(seen.motion, _STILL),
    }
    found["black"] = _ramp(colour.peak, _BLACK)
    found["frozen"] = _ramp(seen.still_ms, _FROZEN_MS)
    if not colour.black and not colour.plain:  # there is nothing to be without colour
        found["black and white"] = _ramp(colour.saturation, _BLACK_AND_WHITE)
    if seen.lines:
        found["text"] = max(line.confidence for line in seen.lines)
        if scene_of(seen) == "title":
            found["title"] = max(MIN_LABEL_CONFIDENCE, found["text"] * _ramp(max(seen.line_heights), _TITLE_HEIGHT))
    if seen.faces:
        count = len(seen.faces)
        found["face"] = seen.faces[0].confidence
        if count > 1:  # as sure as the least sure of them
            found[_COUNT_WORDS.get(count, "many faces")] = seen.faces[-1].confidence
        if max(face.height for face in seen.faces) >= _CLOSE_UP_HEIGHT:
            found["close-up"] = seen.faces[0].confidence
    found |= {label.name: label.confidence for label in seen.named}
    labels = [Label(name, round(value, 3)) for name, value in found.items() if value >= MIN_LABEL_CONFIDENCE]
    return sorted(labels, key=lambda label: (-label.confidence, label.name))


def score_of(seen: Seen) -> float:
    """How well the picture stands for its moment, 0..1: sharp, well exposed, with something in it, and at rest."""
    if seen.colour.black or seen.colour.plain:
        return 0.0
    face = max((face.confidence for face in seen.faces), default=0.0)
    text = _TEXT_CONTENT * max((line.confidence for line in seen.lines), default=0.0)
    parts = {
        "sharp": seen.sharpness / (seen.sharpness + _HALF_SHARPNESS),
        "exposed": 1 - abs(2 * seen.colour.brightness - 1) ** 2,
        "contrast": seen.colour.contrast,
        "colour": seen.colour.colourfulness,
        "content": max(face, text),
    }
    total = sum(_WEIGHTS[name] * value for name, value in parts.items())
    return round(total * (1 - _MOTION_LOSS * _ramp(seen.motion, _MOVING)), 4)


def _ramp(value: float, ends: tuple[float, float]) -> float:
    """0 at `ends[0]`, 1 at `ends[1]`, linear between and constant outside."""
    return min(1.0, max(0.0, (value - ends[0]) / (ends[1] - ends[0])))
