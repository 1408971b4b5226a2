"""The shot of the speaker in her study."""

from __future__ import annotations

import math

from ops.sample.canvas import HEIGHT_PX, WIDTH_PX, Canvas, Moment, Point, Pose, ease, gradient, mix
from ops.sample.figures import turtle

_FACE_SKIN = (238, 190, 158)
_BLINK_EVERY_S = 2.3
_BLINK_S = 0.16


def _study(canvas: Canvas, time: float) -> None:
    """Draw the room behind the speaker: shelf with books, plant and a picture of a turtle."""
    canvas.box(0, 306, WIDTH_PX, HEIGHT_PX, (60, 92, 104))
    for row, y in enumerate((92, 176, 260)):
        canvas.box(424, y, 626, y + 8, (150, 104, 66))
        x, number = 432.0, 0
        while x < 606:
            width = 10 + (number * 7 + row * 5) % 9
            height = 46 + (number * 13 + row * 11) % 22
            colours = ((226, 92, 82), (248, 186, 84), (92, 168, 150), (96, 120, 190), (238, 226, 204))
            if (number + row) % 6 != 4:
                canvas.box(x, y - height, x + width, y, colours[(number * 3 + row) % 5], 1.5)
            x, number = x + width + 2, number + 1
    canvas.box(40, 48, 186, 150, (250, 244, 230), 3)
    canvas.box(49, 57, 177, 141, (72, 176, 196), 2)
    turtle(canvas, Pose(112, 99, 0.58, -0.3), 0.2)
    for index in range(7):
        angle = -2.7 + index * 0.38 + 0.03 * math.sin(1.2 * time + index)
        tip = (92 + 76 * math.cos(angle), 262 + 84 * math.sin(angle))
        bow = (92 + 34 * math.cos(angle - 0.25), 262 + 44 * math.sin(angle - 0.25))
        canvas.polygon([(92, 268), bow, tip, (bow[0] + 13, bow[1] + 7)], mix((44, 132, 82), (96, 176, 96), index / 6))
    canvas.polygon([(62, 262), (122, 262), (114, 322), (70, 322)], (214, 112, 76))


def _eye(canvas: Canvas, face: Pose, x: float, opened: float) -> None:
    """Draw one eye with lid, iris and brow; ``opened`` 0 (shut) to 1."""
    if opened > 0.3:
        canvas.polygon(face.oval(x, -8, 12, 7.0 * opened), (255, 255, 252))
        canvas.polygon(face.oval(x, -8, 6.2, 6.2 * opened), (74, 110, 92))
        canvas.polygon(face.oval(x, -8, 3.2, 3.2 * opened), (20, 22, 26))
        canvas.polygon(face.oval(x + 2, -10.4, 1.6, 1.6), (255, 255, 255))
    lid = [(x - 13, -7), (x - 6, -8 - 6.5 * opened), (x + 6, -8 - 6.5 * opened), (x + 13, -7)]
    canvas.line(face.points(lid), (92, 58, 48), 2.4)
    brow = [(x - 14, -23), (x - 7, -27.5), (x, -29), (x + 7, -27.5), (x + 14, -23)]
    canvas.line(face.points(brow), (112, 66, 46), 3.2)


def presenter(moment: Moment) -> Canvas:
    """The speaker in her study; her mouth follows the voice, and a caption gives her name."""
    time = moment.seconds
    canvas = Canvas(gradient((0.0, (126, 186, 186)), (1.0, (92, 150, 160))))
    _study(canvas, time)
    face = Pose(318 + 3.0 * math.sin(0.9 * time), 150 + 2.0 * math.sin(1.7 * time), 1.18, 0.03 * math.sin(0.8 * time))
    hair = (98, 54, 40)
    canvas.polygon(face.oval(0, -14, 66, 76), hair)
    canvas.polygon(face.points([(-66, -14), (-68, 62), (-40, 74), (40, 74), (68, 62), (66, -14)]), hair)
    body = [(198, 372), (210, 300), (256, 268), (318, 258), (380, 268), (426, 300), (438, 372)]
    canvas.polygon(body, (240, 106, 92))
    canvas.polygon([(286, 254), (350, 254), (362, 270), (318, 296), (274, 270)], mix(_FACE_SKIN, (190, 120, 96), 0.35))
    canvas.polygon(face.points([(-22, 50), (22, 50), (24, 96), (-24, 96)]), mix(_FACE_SKIN, (190, 120, 96), 0.45))
    canvas.polygon(face.oval(0, 6, 51, 64), _FACE_SKIN)
    for side in (-1.0, 1.0):
        canvas.polygon(face.oval(side * 51, 4, 7, 12), mix(_FACE_SKIN, (190, 120, 96), 0.3))
        canvas.polygon(face.oval(side * 30, 22, 12, 8), (240, 140, 124, 70))
    opened = 0.1 if (time + 1.0) % _BLINK_EVERY_S < _BLINK_S else 1.0
    _eye(canvas, face, -21, opened)
    _eye(canvas, face, 21, opened)
    canvas.line(face.points([(1, 2), (5, 17), (0, 21), (-5, 19)]), (206, 142, 114), 2.4)
    gape = 15.0 * moment.voice
    smile: list[Point] = [(-20 + 0.2 * gape, 34), (-10, 38.5), (0, 39.5), (10, 38.5), (20 - 0.2 * gape, 34)]
    chin: list[Point] = [(12, 42 + 0.75 * gape), (0, 45 + gape), (-12, 42 + 0.75 * gape)]
    canvas.polygon(face.points(smile + chin), (150, 48, 60))
    if gape > 2.5:
        canvas.polygon(
            face.points([(-12, 38.4), (0, 39.6), (12, 38.4), (10, 42.5), (0, 43.6), (-10, 42.5)]), (255, 252, 246)
        )
        canvas.polygon(face.oval(0, 42 + 0.78 * gape, 8, 1 + 0.16 * gape), (226, 112, 112))
    canvas.line(face.points(smile), (196, 84, 84), 3.0)
    canvas.line(face.points([smile[-1], *chin, smile[0]]), (204, 92, 92), 3.0)
    left_fringe = [(-58, 8), (-64, -40), (-40, -76), (8, -86), (22, -62), (-16, -50), (-44, -26), (-50, 8)]
    right_fringe = [(58, 8), (64, -40), (44, -74), (4, -86), (10, -60), (38, -40), (50, -14), (50, 8)]
    canvas.polygon(face.points(left_fringe), hair)
    canvas.polygon(face.points(right_fringe), hair)
    canvas.line(face.points([(-40, -58), (-12, -70), (10, -70)]), mix(hair, (255, 220, 180), 0.25), 3.0)
    slide = ease(time / 0.6)
    canvas.box(28 - 300 * (1 - slide), 300, 262 - 300 * (1 - slide), 342, (24, 52, 66, 225), 6)
    canvas.box(28 - 300 * (1 - slide), 300, 34 - 300 * (1 - slide), 342, (255, 206, 92), 3)
    canvas.text(46 - 300 * (1 - slide), 313, "MARA LIND", 17, (255, 255, 255), "lm", bold=0.4)
    canvas.text(46 - 300 * (1 - slide), 331, "sea turtle guide", 13, (196, 224, 226), "lm")
    return canvas
