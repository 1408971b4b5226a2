"""Figures that several shots share: the turtles, clouds, stars and a wavy line."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from ops.sample.canvas import WIDTH_PX, Canvas, Colour, Point, Pose, mix

SHELL_SHADES: tuple[Colour, Colour, Colour] = ((58, 92, 52), (122, 150, 70), (174, 184, 96))
"""Rim, plates and shine of the grown turtle's shell."""
SKIN: Colour = (96, 148, 110)
SKIN_SHADE: Colour = (64, 112, 90)

_FLIPPER: tuple[Point, ...] = ((0, -7), (18, -13), (42, -16), (62, -10), (70, 0), (58, 3), (36, 5), (16, 8), (0, 7))
"""Outline of a right front flipper, pointing along +x from the shoulder."""


def turtle(canvas: Canvas, pose: Pose, stroke: float, night: float = 0.0) -> None:
    """Draw a grown sea turtle seen from above, about 130 px long at scale 1, swimming along +x of ``pose``.

    ``stroke`` (-1..1) is the beat of the flippers, ``night`` (0..1) the share of moonlit blue in its colours.
    """
    dusk: Colour = (44, 54, 108)
    skin, shade, spot_colour = (mix(colour, dusk, night) for colour in (SKIN, SKIN_SHADE, mix(SKIN, (40, 80, 66), 0.6)))
    rim, plates, shine = (mix(colour, dusk, night) for colour in SHELL_SHADES)
    for side in (-1.0, 1.0):
        for shoulder, reach, turn in (((34.0, 26.0), 1.0, 1.75), ((-42.0, 20.0), 0.42, 2.5)):
            angle = turn + stroke * 0.42 * (1.0 if reach == 1.0 else -0.6)
            cos, sin = math.cos(angle) * reach, math.sin(angle) * reach
            outline = [(shoulder[0] + x * cos - y * sin, side * (shoulder[1] + x * sin + y * cos)) for x, y in _FLIPPER]
            canvas.polygon(pose.points(outline), shade if side < 0 else skin)
            for spot in (0.35, 0.62):
                x = shoulder[0] + 62 * spot * cos
                y = side * (shoulder[1] + 62 * spot * sin)
                canvas.polygon(pose.oval(x, y, 5 * reach, 3.4 * reach), spot_colour)
    canvas.polygon(pose.points([(44, -12), (62, -11), (62, 11), (44, 12)]), shade)
    canvas.polygon(pose.oval(74, 0, 19, 14), skin)
    canvas.polygon(pose.oval(78, 0, 10, 7), mix(skin, spot_colour, 0.6))
    for side in (-1.0, 1.0):
        canvas.polygon(pose.oval(82, side * 10.5, 3.4, 3.0), (18, 28, 24))
    canvas.polygon(pose.points([(-52, -6), (-68, 0), (-52, 6)]), shade)
    canvas.polygon(pose.oval(0, 0, 58, 43), rim)
    canvas.polygon(pose.oval(2, 0, 52, 37), plates)
    for centre in (-32.0, -6.0, 20.0):
        plate = [(centre - 13, 0), (centre - 6, -11), (centre + 8, -11), (centre + 15, 0), (centre + 8, 11)]
        canvas.polygon(pose.points([*plate, (centre - 6, 11)]), shine)
    for x, y in ((-22.0, 21.0), (4.0, 23.5), (28.0, 18.5)):
        for side in (-1.0, 1.0):
            canvas.polygon(pose.oval(x, side * y, 11, 7.5), mix(plates, shine, 0.55))
    canvas.polygon(pose.oval(14, -16, 22, 7, turn=0.1), (255, 255, 230, 46))


def hatchling(canvas: Canvas, pose: Pose, stroke: float, shade: Colour = (62, 66, 74)) -> None:
    """Draw a baby turtle (about 22 px long at scale 1) crawling along +x; ``stroke`` (-1..1) swings its flippers."""
    light = mix(shade, (255, 255, 255), 0.22)
    for side in (-1.0, 1.0):
        beat = stroke * side * 0.5
        canvas.polygon(pose.oval(4 + 3 * beat, side * 9, 7.5, 2.6, turn=side * (1.0 - beat)), shade)
        canvas.polygon(pose.oval(-8, side * 6, 4.0, 2.2, turn=side * (2.2 + beat)), shade)
    canvas.polygon(pose.oval(12, 0, 4.6, 3.8), shade)
    canvas.polygon(pose.oval(0, 0, 10.5, 7.6), shade)
    canvas.polygon(pose.oval(0.5, 0, 7.0, 4.6), light)


def cloud(canvas: Canvas, x: float, y: float, scale: float, colour: Colour = (255, 255, 255, 235)) -> None:
    """Draw a fair-weather cloud whose flat base has its middle at (x, y)."""
    for dx, dy, rx, ry in ((-34, -6, 24, 14), (-8, -17, 28, 22), (24, -10, 26, 17), (0, -5, 52, 10)):
        canvas.oval(x + dx * scale, y + dy * scale, rx * scale, ry * scale, colour)


@cache
def _star_places(count: int, seed: int) -> tuple[tuple[float, float, float, float], ...]:
    """Return (x, y, size, phase) of seeded stars, y as a share 0..1."""
    rng = np.random.default_rng(seed)
    rows = zip(rng.uniform(0, WIDTH_PX, count), rng.random(count), rng.random(count), rng.random(count), strict=True)
    return tuple((float(x), float(y), 0.5 + 1.1 * float(size) ** 3, float(phase)) for x, y, size, phase in rows)


def stars(canvas: Canvas, seconds: float, count: int, seed: int, depth_px: float) -> None:
    """Scatter ``count`` twinkling stars over the top ``depth_px`` of the picture."""
    for x, y, size, phase in _star_places(count, seed):
        shine = 0.72 + 0.28 * math.sin(2.0 * math.pi * (0.35 * seconds + phase))
        canvas.oval(x, y * depth_px, size, size, (255, 250, 230, round(235 * shine)))


def wave_line(height: Callable[[float], float], step_px: int = 8) -> list[Point]:
    """Return the points of the curve ``height(x)`` from left of the picture to right of it."""
    return [(float(x), height(float(x))) for x in range(-step_px, WIDTH_PX + 2 * step_px, step_px)]


def ripple(middle: float, swing: float, length: float, phase: float, slope: float = 0.0) -> list[Point]:
    """Return a sine curve across the picture: ``middle`` +- ``swing`` px, ``length`` px a radian, tilt ``slope``."""
    return wave_line(lambda x: middle + slope * x + swing * math.sin(x / length + phase))
