"""A small drawing surface with smooth edges: Pillow at twice the size, reduced at the end.

All coordinates and sizes handed to :class:`Canvas` are output pixels (640 x 360), with the origin top left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH_PX = 640
HEIGHT_PX = 360
SUPERSAMPLE = 2
"""Drawing scale: Pillow does not smooth edges, so shapes are drawn twice as large and averaged down."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant of a shot: ``seconds`` since its start, ``share`` of it gone (0..1), ``voice`` loudness (0..1)."""

    seconds: float
    share: float
    voice: float


Colour = tuple[int, int, int] | tuple[int, int, int, int]
Point = tuple[float, float]


def mix(first: Colour, second: Colour, amount: float) -> tuple[int, int, int]:
    """Return the colour that lies ``amount`` (0 to 1, clamped) of the way from ``first`` to ``second``."""
    share = min(1.0, max(0.0, amount))
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first[:3], second[:3], strict=True))
    return red, green, blue


def ease(amount: float) -> float:
    """Smooth start and stop for a movement: maps 0..1 (clamped) to 0..1 with zero slope at both ends."""
    share = min(1.0, max(0.0, amount))
    return share * share * (3.0 - 2.0 * share)


@cache
def gradient(*stops: tuple[float, tuple[int, int, int]]) -> Image.Image:
    """Return a vertical colour gradient of drawing size; ``stops`` are (height share 0..1, RGB), from top to bottom."""
    rows = np.linspace(0.0, 1.0, HEIGHT_PX * SUPERSAMPLE)
    places = [place for place, _ in stops]
    channels = [np.interp(rows, places, [colour[index] for _, colour in stops]) for index in range(3)]
    column = np.stack(channels, axis=1).round().astype(np.uint8)
    return Image.fromarray(np.repeat(column[:, None, :], WIDTH_PX * SUPERSAMPLE, axis=1))


@cache
def _glow_mask(radius: int, strength: int) -> Image.Image:
    """Return a round mask that falls from ``strength`` (0..255) in the middle to 0 at ``radius`` drawing pixels."""
    axis = np.arange(-radius, radius, dtype=np.float64) + 0.5
    distance = np.hypot(axis[:, None], axis[None, :]) / radius
    return Image.fromarray((np.clip(1.0 - distance, 0.0, 1.0) ** 2 * strength).round().astype(np.uint8))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the scalable font that Pillow carries inside, so that no font of the machine changes the picture."""
    return ImageFont.load_default(size)


class Pose:
    """Where a figure stands: its points are scaled, turned (radians, clockwise on screen) and moved."""

    def __init__(self, x: float, y: float, scale: float = 1.0, angle: float = 0.0) -> None:
        self.x, self.y, self.scale = x, y, scale
        self._cos, self._sin = math.cos(angle) * scale, math.sin(angle) * scale

    def point(self, x: float, y: float) -> Point:
        """Return the screen position of one point of the figure."""
        return self.x + x * self._cos - y * self._sin, self.y + x * self._sin + y * self._cos

    def points(self, outline: Sequence[Point]) -> list[Point]:
        """Return the screen positions of an outline of the figure."""
        return [self.point(x, y) for x, y in outline]

    def oval(self, x: float, y: float, rx: float, ry: float, turn: float = 0.0, steps: int = 36) -> list[Point]:
        """Return the outline of an ellipse around (x, y) of the figure, itself turned by ``turn`` radians."""
        cos, sin = math.cos(turn), math.sin(turn)
        angles = [2.0 * math.pi * step / steps for step in range(steps)]
        ring = [(rx * math.cos(angle), ry * math.sin(angle)) for angle in angles]
        return self.points([(x + a * cos - b * sin, y + a * sin + b * cos) for a, b in ring])


class Canvas:
    """One frame being drawn. Colours with a fourth value are blended with that opacity (0 to 255)."""

    def __init__(self, background: Image.Image) -> None:
        """Start from a picture of drawing size (twice 640 x 360); it is copied, so a cached one stays as it is."""
        self.image = background.copy()
        self._draw = ImageDraw.Draw(self.image, "RGBA")

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """Fill the closed outline ``points``."""
        self._draw.polygon([(x * SUPERSAMPLE, y * SUPERSAMPLE) for x, y in points], fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        """Draw an open line through ``points``; ``width`` in output pixels."""
        scaled = [(x * SUPERSAMPLE, y * SUPERSAMPLE) for x, y in points]
        self._draw.line(scaled, fill=fill, width=max(1, round(width * SUPERSAMPLE)), joint="curve")

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """Fill an upright ellipse around (x, y) with radii ``rx`` and ``ry``."""
        edges = (x - rx, y - ry, x + rx, y + ry)
        self._draw.ellipse([edge * SUPERSAMPLE for edge in edges], fill=fill)

    def ring(self, x: float, y: float, radius: float, colour: Colour, width: float) -> None:
        """Draw a circle line of ``width`` pixels."""
        edges = (x - radius, y - radius, x + radius, y + radius)
        self._draw.ellipse([e * SUPERSAMPLE for e in edges], outline=colour, width=max(1, round(width * SUPERSAMPLE)))

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour, radius: float = 0.0) -> None:
        """Fill a rectangle, with round corners when ``radius`` is positive."""
        edges = [edge * SUPERSAMPLE for edge in (left, top, right, bottom)]
        self._draw.rounded_rectangle(edges, radius=radius * SUPERSAMPLE, fill=fill)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 0.6) -> None:
        """Lay a soft round light of ``radius`` pixels over the picture; ``strength`` is its opacity in the middle."""
        size = round(radius * SUPERSAMPLE)
        corner = (round(x * SUPERSAMPLE) - size, round(y * SUPERSAMPLE) - size)
        self.image.paste(colour[:3], corner, _glow_mask(size, round(strength * 255)))

    def text(
        self, x: float, y: float, words: str, size: float, fill: Colour, anchor: str = "mm", bold: float = 0.0
    ) -> None:
        """Write ``words`` at (x, y); ``anchor`` as in Pillow, ``bold`` is extra stroke in output pixels."""
        opacity = fill[3] if len(fill) == 4 else 255
        if opacity <= 0:
            return
        mask = Image.new("L", self.image.size)  # Pillow ignores the opacity of text, so it goes into a mask
        ImageDraw.Draw(mask).text(
            (x * SUPERSAMPLE, y * SUPERSAMPLE),
            words,
            font=_font(round(size * SUPERSAMPLE)),
            fill=opacity,
            anchor=anchor,
            stroke_width=round(bold * SUPERSAMPLE),
        )
        self.image.paste(fill[:3], (0, 0), mask)

    def pixels(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        """Return the finished frame: uint8 RGB, shape (360, 640, 3)."""
        return np.asarray(self.image.reduce(SUPERSAMPLE), dtype=np.uint8)
