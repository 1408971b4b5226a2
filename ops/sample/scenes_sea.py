"""The shots at sea and shore: the island of the title, the turtle under water, the moonlit night and the dawn."""

from __future__ import annotations

import math

import numpy as np

from ops.sample.canvas import HEIGHT_PX, WIDTH_PX, Canvas, Colour, Moment, Pose, ease, gradient, mix
from ops.sample.figures import cloud, hatchling, ripple, stars, turtle, wave_line

_LEFT, _RIGHT = -20.0, WIDTH_PX + 20.0


def _palm(canvas: Canvas, x: float, y: float, scale: float, sway: float) -> None:
    """Draw a palm tree whose foot stands at (x, y)."""
    trunk = [(x + scale * (18 * (k / 10) ** 2 + sway * k / 10), y - 9.5 * scale * k) for k in range(11)]
    for index in range(10):
        canvas.line(trunk[index : index + 2], mix((134, 92, 54), (98, 64, 40), (index % 2) * 0.7), 6.5 * scale)
    top_x, top_y = trunk[-1]
    for number, (reach, lift) in enumerate(((-1.0, 0.1), (1.0, 0.1), (-0.9, 0.6), (0.9, 0.6), (-0.5, 1.0), (0.5, 1.0))):
        upper, lower = [], []
        for step in range(9):  # a frond: an arc that rises by ``lift`` and hangs at its tip, widest in the middle
            part = step / 8
            x = top_x + 58 * scale * reach * part
            bend = top_y + scale * (-46 * lift * part + 44 * part * part) + sway * part
            half = scale * 7.5 * math.sin(math.pi * min(1.0, part + 0.08))
            upper.append((x, bend - half))
            lower.append((x, bend + half * (0.2 if step % 2 else 1.0)))
        canvas.polygon(upper + lower[::-1], mix((34, 124, 70), (84, 178, 88), number / 5))
    canvas.oval(top_x - 3 * scale, top_y + 5 * scale, 4 * scale, 4 * scale, (104, 66, 38))
    canvas.oval(top_x + 5 * scale, top_y + 6 * scale, 4 * scale, 4 * scale, (122, 78, 44))


def island(moment: Moment) -> Canvas:
    """Title: a sunny island, drifting clouds and rolling waves, with the name of the talk."""
    time = moment.seconds
    canvas = Canvas(
        gradient((0.0, (58, 160, 226)), (0.5, (140, 214, 240)), (0.62, (216, 240, 236)), (1.0, (40, 150, 190)))
    )
    canvas.glow(520, 66, 120, (255, 244, 190), 0.9)
    canvas.oval(520, 66, 31, 31, (255, 226, 92))
    for x, y, scale in ((90, 74, 0.8), (300, 52, 0.55), (610, 128, 0.7)):
        cloud(canvas, (x + 9 * time) % 760 - 60, y, scale)
    canvas.polygon(
        [(300, 236), (352, 196), (410, 176), (470, 192), (530, 180), (590, 208), (640, 220), (660, 240)], (70, 150, 96)
    )
    canvas.polygon([(380, 236), (440, 204), (500, 214), (560, 202), (660, 230), (660, 240)], (48, 126, 82))
    bands: tuple[tuple[float, Colour, float], ...] = (
        (232, (46, 160, 196), 0.4),
        (254, (34, 142, 186), 0.7),
        (280, (24, 122, 172), 1.0),
        (310, (18, 104, 158), 1.3),
    )
    for index, (level, colour, speed) in enumerate(bands):
        top = ripple(level, 2.4 * speed, 30 + 14 * speed, 1.7 * time * speed + level)
        canvas.polygon([*top, (_RIGHT, HEIGHT_PX), (_LEFT, HEIGHT_PX)], colour)
        canvas.line(top, (255, 255, 255, 70 + 20 * index), 1.4)
    shore = wave_line(lambda x: 338 - 0.13 * (x - 250) + 3 * math.sin(x / 46) if x > 300 else 332 + 0.4 * (300 - x))
    canvas.polygon([*shore, (_RIGHT, HEIGHT_PX), (_LEFT, HEIGHT_PX)], (246, 220, 160))
    canvas.line(shore, (255, 255, 255, 200), 4.0)
    _palm(canvas, 492, 330, 1.2, 3.0 * math.sin(1.3 * time))
    _palm(canvas, 560, 326, 0.9, 2.4 * math.sin(1.3 * time + 0.8))
    rise = ease(time / 0.7)
    left = 40 - 30 * (1 - rise)
    canvas.text(left, 128, "HOW SEA TURTLES", 36, (255, 255, 255, round(255 * rise)), "lm", bold=1.0)
    canvas.text(left, 170, "FIND HOME", 36, (255, 236, 150, round(255 * ease((time - 0.25) / 0.7))), "lm", bold=1.0)
    canvas.box(left, 194, left + 120 * ease((time - 0.5) / 0.8), 198, (255, 255, 255), radius=2)
    return canvas


def _fish(canvas: Canvas, x: float, y: float, scale: float, colour: Colour, beat: float) -> None:
    """Draw a small reef fish that looks to the left."""
    pose = Pose(x, y, scale)
    canvas.polygon(pose.points([(8, 0), (18, -7 + 3 * beat), (15, 0), (18, 7 + 3 * beat)]), colour)
    canvas.polygon(pose.oval(0, 0, 12, 6.5), colour)
    canvas.polygon(pose.points([(-2, -6), (2, -6.4), (3, 6.4), (-1, 6)]), (255, 255, 255, 190))
    canvas.polygon(pose.oval(-7, -1.5, 1.7, 1.7), (20, 24, 40))


def underwater(moment: Moment) -> Canvas:
    """A grown turtle swims over a reef, in rays of light."""
    time = moment.seconds
    canvas = Canvas(gradient((0.0, (92, 214, 214)), (0.45, (24, 140, 178)), (1.0, (8, 62, 116))))
    for index in range(6):
        foot = 60 + 118 * index + 26 * math.sin(0.5 * time + index)
        ray = [(foot + 90, -5), (foot + 128, -5), (foot + 30, 330), (foot - 70, 330)]
        canvas.polygon(ray, (220, 255, 240, 22 + 8 * (index % 2)))
    canvas.polygon([*wave_line(lambda x: 316 + 8 * math.sin(x / 74 + 1)), (_RIGHT, 370), (_LEFT, 370)], (182, 172, 124))
    canvas.polygon([*wave_line(lambda x: 336 + 6 * math.sin(x / 50)), (_RIGHT, 370), (_LEFT, 370)], (214, 196, 140))
    corals: tuple[tuple[float, float, Colour], ...] = (
        (54, 1.1, (238, 96, 112)),
        (112, 0.8, (250, 160, 84)),
        (500, 0.9, (196, 92, 190)),
        (566, 1.25, (240, 106, 96)),
    )
    for x, scale, colour in corals:
        for branch in range(-2, 3):
            tip = (x + branch * 17 * scale + 2.5 * math.sin(time + branch), 322 - (52 - 7 * abs(branch)) * scale)
            canvas.line([(x, 332), (x + branch * 11 * scale, 318 - 14 * scale), tip], colour, 7.5 * scale)
            canvas.oval(*tip, 5 * scale, 5 * scale, mix(colour, (255, 255, 255), 0.3))
    for x in (176, 192, 428, 446, 620):
        blade = [(x + 7 * math.sin(1.6 * time + k * 0.6 + x) * k / 6, 340 - 13 * k) for k in range(7)]
        canvas.line(blade, (40, 134, 92), 6)
    for index in range(9):
        swim = (760 - 46 * time - 34 * index - 15 * (index % 3)) % 820 - 60
        height = 96 + 17 * (index % 4) + 5 * math.sin(2 * time + index)
        colour = ((255, 196, 64), (255, 140, 66))[index % 2]
        _fish(canvas, swim, height, 0.85, colour, math.sin(9 * time + index))
    glide = 140 + 46 * time
    turtle(
        canvas,
        Pose(glide, 204 - 9 * time + 8 * math.sin(1.5 * time), 1.12, -0.2 + 0.05 * math.sin(1.5 * time)),
        math.sin(2.4 * time),
    )
    for index in range(14):
        climb = (40 + 53 * index + 46 * time * (1 + index % 3 / 3)) % 380
        bubble = 2.0 + index % 4
        x = 40 + (index * 151) % 580 + 6 * math.sin(2 * time + index)
        canvas.ring(x, 360 - climb, bubble, (230, 255, 255, 150), 1.0)
    return canvas


def moonlit(moment: Moment) -> Canvas:
    """Silence: full moon over a calm sea, one turtle crawls up the beach."""
    time = moment.seconds
    canvas = Canvas(
        gradient(
            (0.0, (10, 16, 52)), (0.4, (34, 48, 112)), (0.58, (92, 96, 160)), (0.6, (20, 40, 92)), (1.0, (8, 18, 50))
        )
    )
    stars(canvas, time, 130, seed=11, depth_px=190)
    canvas.glow(216, 92, 150, (214, 222, 255), 0.55)
    canvas.oval(216, 92, 43, 43, (250, 246, 220))
    for dx, dy, radius in ((-14, -10, 9), (12, 6, 12), (-6, 18, 6), (18, -18, 5)):
        canvas.oval(216 + dx, 92 + dy, radius, radius, (230, 224, 196))
    for x, y, scale in ((60, 150, 0.9), (430, 128, 0.7)):
        cloud(canvas, (x + 6 * time) % 720 - 40, y, scale, (150, 158, 206, 90))
    rng = np.random.default_rng(23)
    for row in range(46):
        depth = row / 45
        level = 220 + 96 * depth
        for _ in range(3):
            offset, phase = float(rng.normal()) * (14 + 30 * depth), float(rng.random())
            shine = 0.5 + 0.5 * math.sin(2 * math.pi * (0.5 * time + phase))
            half = (4 + 12 * depth) * (0.5 + shine)
            canvas.box(
                216 + offset - half, level, 216 + offset + half, level + 1.6, (246, 240, 206, round(170 * shine)), 0.8
            )
    sand = wave_line(lambda x: 322 - 54 * ease((x - 190) / 380) + 2 * math.sin(x / 33))
    canvas.polygon([*sand, (_RIGHT, 370), (_LEFT, 370)], (58, 58, 92))
    canvas.line(sand, (168, 176, 222, 150), 2.0)
    crawl = 452 + 10 * time
    for index in range(12):  # its track in the sand
        print_x = 330 + index * 11
        if print_x < crawl - 40:
            canvas.oval(print_x, 336 - 0.16 * (print_x - 330) + 9 * (index % 2), 3.4, 1.6, (38, 38, 70))
    turtle(canvas, Pose(crawl, 318 - 0.12 * (crawl - 452), 0.5, -0.14), math.sin(2.2 * time), night=0.55)
    return canvas


def dawn(moment: Moment) -> Canvas:
    """Pay-off: at sunrise the baby turtles reach the water, with the closing words."""
    time = moment.seconds
    canvas = Canvas(
        gradient(
            (0.0, (86, 74, 148)),
            (0.3, (232, 110, 130)),
            (0.5, (255, 190, 110)),
            (0.52, (232, 130, 120)),
            (0.72, (120, 96, 150)),
            (1.0, (90, 84, 140)),
        )
    )
    canvas.glow(320, 184, 230, (255, 240, 170), 0.8)
    canvas.oval(320, 184 - 2.4 * time, 50, 50, (255, 246, 196))
    sea = wave_line(lambda x: 186 + 0.8 * math.sin(x / 20 + 2 * time))
    canvas.polygon([*sea, (_RIGHT, 370), (_LEFT, 370)], (214, 116, 122))
    for row in range(18):
        y = 190 + 3.6 * row
        half = (54 - 1.6 * row) * (0.75 + 0.25 * math.sin(2.6 * time + 1.9 * row))
        canvas.box(320 - half, y, 320 + half, y + 1.8, (255, 232, 170, 200), 0.9)
    surf = wave_line(lambda x: 262 + 7 * math.sin(x / 70 + 0.7) + 6 * math.sin(1.1 * time))
    canvas.polygon([*surf, (_RIGHT, 370), (_LEFT, 370)], (255, 240, 232))
    wet = wave_line(lambda x: 269 + 7 * math.sin(x / 70 + 0.7) + 6 * math.sin(1.1 * time))
    canvas.polygon([*wet, (_RIGHT, 370), (_LEFT, 370)], (206, 150, 122))
    dry = wave_line(lambda x: 296 + 8 * math.sin(x / 90))
    canvas.polygon([*dry, (_RIGHT, 370), (_LEFT, 370)], (240, 196, 146))
    for index, start in enumerate((96, 178, 262, 356, 440, 536)):
        y = 344 - 6 * (index * 5 % 4) - 9.5 * time
        lean = 0.16 * (320 - start) / 320
        canvas.line([(start - 14 * lean, 372), (start + 30 * lean, y + 8)], (196, 146, 106), 3.0)
        hatchling(
            canvas, Pose(start + 30 * lean, y, 1.15, -math.pi / 2 + lean), math.sin(8 * time + index), (74, 66, 84)
        )
    shown = ease((time - 1.2) / 0.8)
    canvas.text(320, 54, "ONE SMALL SWITCH", 32, (255, 255, 255, round(255 * shown)), bold=0.9)
    later = ease((time - 2.2) / 0.8)
    canvas.text(320, 94, "ONE TURTLE HOME", 32, (255, 240, 176, round(255 * later)), bold=0.9)
    return canvas
