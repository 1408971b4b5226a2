"""Pictures as a vision model is charged for them: which detail, which size, how many tokens.

Two families, by OpenAI's guide to images: some models see tiles of 512 pixels, each at the same price however little of
it is covered, others patches of 32 pixels. A picture is made smaller, never larger, so that what is paid is covered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from processors.domain import FrameAnalysis
from processors.errors import InvalidMedia
from processors.vision.backend import LoadedFrame

Detail = Literal["low", "high"]

JPEG_QUALITY: Final = 85
# Text is read and a crowd told apart at 1024 pixels; 512 do for what kind of place it is and who is in it.
HIGH_LONGEST: Final = 1024
LOW_LONGEST: Final = 512
# Share of edge pixels, at 320 pixels, from which a picture is busy: 9 of 47 key frames of nine videos have 0.15 to 0.28
# of them, all others less than 0.1.
BUSY: Final = 0.12
_EDGE_LONGEST: Final = 320
_EDGES: Final = (60, 160)  # Canny's thresholds on 0..255
TILE: Final = 512
PATCH: Final = 32
_MAX_TILES: Final = 4


@dataclass(frozen=True, slots=True)
class Tiled:
    """Tokens of a picture, and of each tile of it in high detail."""

    base: int
    tile: int

    def tokens(self, width: int, height: int, detail: Detail) -> int:
        """Of a picture that was scaled by `scaled_size`."""
        return self.base + (0 if detail == "low" else self.tile * _squares(width, height, TILE))

    def most(self, detail: Detail) -> int:
        """Of any picture."""
        return self.base + (0 if detail == "low" else self.tile * _MAX_TILES)


@dataclass(frozen=True, slots=True)
class Patched:
    """Tokens of each patch."""

    factor: float

    def tokens(self, width: int, height: int, detail: Detail) -> int:
        """Of a picture that was scaled by `scaled_size`; the detail shows in its size alone."""
        return math.ceil(self.factor * _squares(width, height, PATCH))

    def most(self, detail: Detail) -> int:
        """Of any picture."""
        longest = LOW_LONGEST if detail == "low" else HIGH_LONGEST
        return self.tokens(longest, longest, detail)


Rule = Tiled | Patched
# By the beginning of a model's name, the longest that fits.
_RULES: Final[dict[str, Rule]] = {
    "gpt-4o": Tiled(85, 170),
    "gpt-4.1": Tiled(85, 170),
    "gpt-4o-mini": Tiled(2_833, 5_667),
    "gpt-4.1-mini": Patched(1.62),
    "gpt-4.1-nano": Patched(2.46),
    "gpt-5": Tiled(70, 140),
    "gpt-5-mini": Patched(1.62),
    "gpt-5-nano": Patched(2.46),
    "o1": Tiled(75, 150),
    "o3": Tiled(75, 150),
    "o4-mini": Patched(1.72),
}
_UNKNOWN: Final = Patched(2.46)  # the dearest of those that count what they are sent


@dataclass(frozen=True, slots=True)
class Sent:
    """A picture as it goes into a request."""

    jpeg: bytes
    detail: Detail
    tokens: int


def rule_of(model: str) -> Rule:
    """How a model counts pictures."""
    fits = [name for name in _RULES if model.startswith(name)]
    return _RULES[max(fits, key=len)] if fits else _UNKNOWN


def detail_of(frame: LoadedFrame, analysis: FrameAnalysis) -> Detail:
    """High for pictures with text, or with so much in them that it would be lost."""
    return "high" if analysis.text or analysis.scene == "text" or busyness(frame.image) >= BUSY else "low"


def busyness(image: NDArray[np.uint8]) -> float:
    """Share of a picture that is edges, 0..1. `image`: uint8 (height, width, 3), BGR."""
    scale = _EDGE_LONGEST / max(image.shape[:2])
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if scale < 1:
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return int(np.count_nonzero(cv2.Canny(grey, *_EDGES))) / int(grey.size)


def scaled_size(width: int, height: int, rule: Rule, detail: Detail) -> tuple[int, int]:
    """The size at which a picture is sent.

    Args:
        width, height: in pixels, >= 1.
        rule: of the model.
        detail: low is 512 pixels at most for every model.

    Returns:
        Width and height, the same aspect. For tiles: of the sizes whose one side ends with a tile, the one that covers
        its tiles best, with the shorter side not below a tile where that is possible; at most 4 tiles.
    """
    if detail == "low":
        return _fit(width, height, LOW_LONGEST)
    if isinstance(rule, Patched):
        return _fit(width, height, HIGH_LONGEST)
    sizes = [_by_side(width, height, side, number * TILE) for side in (width, height) for number in (1, 2, 3, 4)]
    sizes = [(width, height), *(size for size in sizes if size[0] <= width and size[1] <= height)]
    sizes = [size for size in sizes if _squares(size[0], size[1], TILE) <= _MAX_TILES] or [_fit(width, height, TILE)]
    readable = [size for size in sizes if min(size) >= min(TILE, width, height)] or sizes
    return max(readable, key=lambda size: (size[0] * size[1] / _squares(size[0], size[1], TILE), size))


def prepared(frame: LoadedFrame, model: str, detail: Detail) -> Sent:
    """A frame as it is sent: scaled, as JPEG; the stored one where it is as it should be.

    Raises:
        InvalidMedia: it cannot be encoded.
    """
    height, width = frame.image.shape[:2]
    rule = rule_of(model)
    size = scaled_size(width, height, rule, detail)
    tokens = rule.tokens(*size, detail)
    if size == (width, height):
        return Sent(frame.jpeg, detail, tokens)
    picture = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
    encoded, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not encoded:
        raise InvalidMedia(f"The frame at {frame.ref.pts_ms} ms could not be encoded for a service.")
    return Sent(jpeg.tobytes(), detail, tokens)


def _squares(width: int, height: int, side: int) -> int:
    return math.ceil(width / side) * math.ceil(height / side)


def _fit(width: int, height: int, longest: int) -> tuple[int, int]:
    return _by_side(width, height, max(width, height), min(longest, max(width, height)))


def _by_side(width: int, height: int, side: int, wanted: int) -> tuple[int, int]:
    scale = wanted / side
    return max(1, round(width * scale)), max(1, round(height * scale))


__all__ = ["Detail", "Patched", "Rule", "Sent", "Tiled", "busyness", "detail_of", "prepared", "rule_of", "scaled_size"]
