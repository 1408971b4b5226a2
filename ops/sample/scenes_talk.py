"""The shots that explain: the earth's magnet, the beach map, one in a thousand and the hotel lamps."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from ops.sample.canvas import HEIGHT_PX, WIDTH_PX, Canvas, Colour, Moment, Point, Pose, ease, gradient
from ops.sample.figures import hatchling, ripple, stars, turtle, wave_line

_LEFT, _RIGHT = -20.0, WIDTH_PX + 20.0
_LAND: tuple[tuple[Point, ...], ...] = (
    (
        (-165, 62),
        (-130, 70),
        (-95, 72),
        (-62, 60),
        (-55, 50),
        (-68, 44),
        (-80, 27),
        (-97, 25),
        (-106, 20),
        (-118, 32),
        (-125, 48),
        (-150, 58),
    ),
    ((-106, 20), (-97, 18), (-88, 20), (-80, 9), (-84, 10), (-95, 15)),
    ((-80, 8), (-62, 10), (-36, -6), (-40, -22), (-56, -36), (-68, -54), (-74, -44), (-70, -20), (-81, -5)),
    (
        (-16, 20),
        (-6, 35),
        (10, 37),
        (32, 31),
        (43, 12),
        (51, 11),
        (40, -14),
        (32, -28),
        (20, -35),
        (13, -18),
        (9, 4),
        (-10, 6),
    ),
    (
        (-9, 38),
        (-8, 44),
        (3, 50),
        (8, 58),
        (25, 70),
        (60, 70),
        (100, 76),
        (170, 66),
        (140, 54),
        (122, 38),
        (106, 12),
        (98, 14),
        (80, 8),
        (72, 20),
        (58, 24),
        (44, 14),
        (34, 34),
        (24, 38),
        (12, 44),
    ),
    ((114, -22), (130, -12), (142, -12), (153, -28), (146, -39), (130, -32), (116, -34)),
    ((-50, 62), (-22, 70), (-22, 80), (-60, 80)),
)
"""Rough outlines of the continents as (longitude, latitude) in degrees."""


def _globe_points(outline: tuple[Point, ...], turn: float, centre: Point, radius: float) -> tuple[list[Point], bool]:
    """Project an outline onto the visible half of the globe; says too whether any of it faces us."""
    places, seen = [], False
    for longitude, latitude in outline:
        lam, phi = math.radians(longitude) + turn, math.radians(latitude)
        x, y, z = math.cos(phi) * math.sin(lam), math.sin(phi), math.cos(phi) * math.cos(lam)
        if z < 0:  # behind the globe: slide to its rim, so that the outline closes there
            far = max(1e-6, math.hypot(x, y))
            x, y = x / far, y / far
        seen = seen or z > 0
        places.append((centre[0] + radius * x, centre[1] - radius * y))
    return places, seen


def earth(moment: Moment) -> Canvas:
    """The turning earth as a magnet: field lines with running lights, poles and a glowing core."""
    time = moment.seconds
    canvas = Canvas(gradient((0.0, (14, 12, 44)), (1.0, (36, 22, 78))))
    stars(canvas, time, 150, seed=5, depth_px=HEIGHT_PX)
    centre, radius = (320.0, 184.0), 92.0
    for shell in (1.55, 2.1, 2.8):
        for side in (-1.0, 1.0):
            angles = np.radians(np.linspace(-89, 89, 120))
            reach = radius * shell * np.cos(angles) ** 2
            xs, ys = centre[0] + side * reach * np.cos(angles), centre[1] - reach * np.sin(angles)
            path = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
            canvas.line(path, (110, 214, 255, 130), 1.6)
            for light in range(4):
                x, y = path[int((30 * light + 26 * time) % 120)]
                canvas.oval(x, y, 3.0, 3.0, (200, 244, 255))
    canvas.glow(*centre, 128, (96, 190, 255), 0.75)
    canvas.oval(*centre, radius, radius, (34, 112, 200))
    for outline in _LAND:
        places, seen = _globe_points(outline, 0.24 * time - 0.3, centre, radius)
        if seen:
            canvas.polygon(places, (88, 176, 98))
    canvas.oval(centre[0] - 16, centre[1] - 15, radius - 24, radius - 24, (255, 255, 255, 26))
    pulse = 0.5 + 0.5 * math.sin(3.0 * time)
    canvas.glow(*centre, 62 + 6 * pulse, (255, 186, 70), 0.9)
    canvas.oval(*centre, 21, 21, (255, 206, 92))
    canvas.oval(*centre, 14, 14, (255, 240, 190))
    canvas.line([(320, 52), (320, 92)], (255, 96, 96), 3.4)
    canvas.line([(320, 276), (320, 316)], (120, 190, 255), 3.4)
    canvas.text(320, 38, "N", 26, (255, 120, 116), bold=0.8)
    canvas.text(320, 334, "S", 26, (140, 204, 255), bold=0.8)
    shown = round(255 * ease(time / 0.6))
    canvas.text(30, 36, "A GIANT MAGNET", 22, (255, 255, 255, shown), "lm", bold=0.5)
    canvas.text(30, 62, "deep inside the earth", 15, (190, 206, 246, shown), "lm")
    return canvas


def beach_map(moment: Moment) -> Canvas:
    """A chart of the coast: magnetic lines with their values, a compass, and the way home to one beach."""
    time = moment.seconds
    canvas = Canvas(gradient((0.0, (122, 206, 214)), (1.0, (74, 176, 200))))
    for index in range(9):
        line = ripple(20 + 44 * index, 9, 90, index, slope=0.16)
        canvas.line(line, (255, 255, 255, 110), 1.3)
        if index in (1, 3, 5):
            x, y = line[33]
            canvas.box(x - 25, y - 10, x + 25, y + 10, (94, 190, 206), 3)
            canvas.text(x, y, f"{46.5 - 0.5 * index:.1f} uT", 12, (16, 74, 96))
    coast = [(430 + 34 * math.sin(y / 52) + 16 * math.sin(y / 21 + 1), float(y)) for y in range(-8, 372, 6)]
    for grow, colour in ((16, (160, 226, 220)), (0, (250, 226, 166)), (-26, (146, 196, 112)), (-58, (104, 168, 98))):
        canvas.polygon([*[(x - grow, y) for x, y in coast], (660.0, 372.0), (660.0, -8.0)], colour)
    for x, y in ((560, 60), (592, 84), (566, 250), (606, 280), (548, 300), (600, 150), (574, 184)):
        canvas.polygon([(x - 11, y + 12), (x, y - 16), (x + 11, y + 12)], (58, 124, 78))
    goal = (418.0, 196.0)
    way = [(70 + 348 * k / 60, 312 - 116 * ease(k / 60) + 26 * math.sin(k / 8)) for k in range(60)]
    gone = min(50, int(1 + 50 * ease(moment.share / 0.85)))
    for k in range(0, gone, 2):
        canvas.line(way[k : k + 2], (232, 86, 74), 3.4)
    x, y = way[gone]
    ahead = way[min(gone + 1, 59)]
    turtle(
        canvas,
        Pose(x, y, 0.42, math.atan2(ahead[1] - way[gone - 1][1], ahead[0] - way[gone - 1][0])),
        math.sin(5 * time),
    )
    beat = (0.8 * time) % 1.0
    canvas.ring(goal[0] + 16, goal[1], 8 + 24 * beat, (232, 60, 70, round(230 * (1 - beat))), 2.5)
    pin = Pose(goal[0] + 16, goal[1])
    canvas.polygon(pin.points([(-11, -26), (0, 0), (11, -26)]), (226, 52, 66))
    canvas.oval(goal[0] + 16, goal[1] - 30, 13, 13, (226, 52, 66))
    canvas.oval(goal[0] + 16, goal[1] - 30, 5.5, 5.5, (255, 255, 255))
    canvas.oval(92, 92, 50, 50, (255, 252, 240))
    canvas.ring(92, 92, 50, (26, 84, 106), 3)
    needle = Pose(92, 92, 1.0, 0.5 * math.sin(1.9 * time) * math.exp(-0.35 * time) + 0.35)
    canvas.polygon(needle.points([(-8, 0), (0, -38), (8, 0)]), (226, 62, 66))
    canvas.polygon(needle.points([(-8, 0), (0, 38), (8, 0)]), (52, 92, 120))
    canvas.oval(92, 92, 4, 4, (250, 250, 250))
    canvas.box(330, 318, 622, 348, (255, 252, 240, 235), 6)
    canvas.text(476, 333, "EVERY BEACH HAS A SIGNATURE", 15, (26, 84, 106), bold=0.3)
    return canvas


@cache
def _fade_order() -> tuple[int, ...]:
    """Return the seeded order in which 999 of the 1,000 turtles of the chart fade."""
    order = [int(place) for place in np.random.default_rng(31).permutation(1000)]
    order.remove(634)
    return tuple(order)


def one_in_a_thousand(moment: Moment) -> Canvas:
    """A chart of 1,000 turtles, of which all but one fade away."""
    time = moment.seconds
    canvas = Canvas(gradient((0.0, (255, 248, 232)), (1.0, (252, 234, 206))))
    gone = int(999 * ease((time - 1.0) / max(1.0, 0.62 * time / max(moment.share, 1e-6))))
    faded = set(_fade_order()[:gone])
    for index in range(1000):
        x, y = 34 + 11.68 * (index % 50), 118 + 10.6 * (index // 50)
        if index == 634:
            continue
        canvas.oval(x, y, 3.7, 3.7, (232, 218, 196) if index in faded else (22, 148, 150))
    x, y = 34 + 11.68 * (634 % 50), 118 + 10.6 * (634 // 50)
    last = ease((gone - 600) / 399)
    canvas.glow(x, y, 6 + 54 * last, (255, 120, 70), 0.8 * last)
    turtle(canvas, Pose(x, y, 0.08 + 0.34 * last, -0.6), math.sin(4 * time))
    canvas.text(34, 52, f"{1000 - gone:,}", 54, (228, 84, 52), "lm", bold=1.4)
    canvas.text(606, 40, "of 1,000 baby turtles", 21, (62, 52, 62), "rm", bold=0.4)
    canvas.text(606, 68, "live to become an adult", 21, (62, 52, 62), "rm", bold=0.4)
    canvas.box(34, 90, 606, 93, (62, 52, 62, 60), 1.5)
    return canvas


def hotel(moment: Moment) -> Canvas:
    """Night at the sea front: bright lamps pull the baby turtles the wrong way."""
    time = moment.seconds
    canvas = Canvas(gradient((0.0, (42, 20, 66)), (0.6, (122, 48, 96)), (1.0, (84, 40, 70))))
    stars(canvas, time, 46, seed=3, depth_px=110)
    for left, top, right, shade in (
        (286, 116, 372, (66, 40, 88)),
        (372, 48, 560, (84, 50, 102)),
        (560, 138, 648, (60, 36, 82)),
    ):
        canvas.box(left, top, right, 262, shade)
        for row in range(int((240 - top) // 27)):
            for column in range(int((right - left) // 26)):
                lit = (row * 7 + column * 5 + int(left)) % 9 != int(1.2 * time + row) % 9
                colour: Colour = (255, 214, 110) if lit else (112, 74, 116)
                x, y = left + 13 + 26 * column, top + 16 + 27 * row
                canvas.box(x - 7, y, x + 7, y + 15, colour, 1.5)
    canvas.glow(466, 34, 90, (255, 90, 150), 0.5)
    canvas.box(408, 16, 524, 50, (38, 18, 58), 5)
    flicker = 255 if int(time * 12) % 17 else 150
    canvas.text(466, 33, "HOTEL", 27, (255, 130, 178, flicker), bold=0.8)
    canvas.polygon([*wave_line(lambda x: 262 + 4 * math.sin(x / 80)), (_RIGHT, 370), (_LEFT, 370)], (150, 104, 96))
    canvas.polygon([*wave_line(lambda x: 306 + 6 * math.sin(x / 60 + 2)), (_RIGHT, 370), (_LEFT, 370)], (176, 126, 108))
    surf = [(126 - 0.55 * (y - 256) + 7 * math.sin(y / 15 + 1.4 * time), float(y)) for y in range(256, 374, 6)]
    canvas.polygon([*surf, (-20.0, 374.0), (-20.0, 256.0)], (42, 50, 112))
    canvas.line(surf, (200, 206, 244, 170), 3)
    for pole in (236.0, 592.0):
        canvas.glow(pole, 150, 128, (255, 224, 130), 0.85)
        canvas.line([(pole, 156), (pole, 276)], (34, 24, 48), 6)
        canvas.polygon([(pole - 24, 150), (pole, 128), (pole + 24, 150)], (34, 24, 48))
        canvas.oval(pole, 153, 16, 9, (255, 250, 214))
        canvas.polygon([(pole - 14, 156), (pole + 14, 156), (pole + 78, 300), (pole - 78, 300)], (255, 236, 160, 44))
        for moth in range(4):
            angle = 3.1 * time + moth * 1.7
            canvas.oval(
                pole + (24 + 7 * moth) * math.cos(angle), 156 + 17 * math.sin(1.3 * angle), 1.8, 1.8, (255, 255, 240)
            )
    for index, start in enumerate((150, 196, 236, 300, 352)):
        sand_y = 340 - 13 * (index * 3 % 4) - 1.6 * time
        hatchling(canvas, Pose(start + 11.5 * time, sand_y, 1.2, -0.32), math.sin(8 * time + index), (50, 40, 60))
    return canvas
