"""A quick test for text: rows of thin strokes, as letters leave them. It errs on the side of yes.

Text detection by a network takes 42 ms a picture, this takes 4; a third of the pictures without text need no more.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from processors.vision.pixels import fit

# All lengths below are pixels at this longest side; letters of readable text are 5 to 60 high there.
_LONGEST: Final = 480
_STROKE: Final = 9  # strokes are thinner than this
_MIN_EDGE: Final = 40  # of 255: least difference in brightness of a stroke from what is around it
_GAP: Final = 11  # gaps between letters are smaller
_MIN_HEIGHT: Final = 4
_MAX_HEIGHT: Final = 60
_MIN_ASPECT: Final = 3  # a row of letters is at least this many times as wide as high
_MIN_FILL: Final = 0.5  # part of its bounding box that the joined row covers
_INK: Final = (0.15, 0.75)  # part of the row that is stroke
_MIN_CHANGES: Final = 1.0  # changes between stroke and ground along the middle, for each height of width


def may_hold_text(image: NDArray[np.uint8]) -> bool:
    """Whether a picture has a row of strokes that could be a line of text.

    Args:
        image: uint8 (height, width, 3), BGR.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    grey = cv2.resize(grey, fit(grey.shape[1], grey.shape[0], _LONGEST), interpolation=cv2.INTER_AREA)
    box = np.ones((_STROKE, _STROKE), np.uint8)
    # top hat: strokes lighter than their surroundings; black hat: darker ones
    return any(_rows(cv2.morphologyEx(grey, hat, box)) for hat in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT))


def _rows(strokes: NDArray[np.uint8]) -> bool:
    ink = (strokes > _MIN_EDGE).astype(np.uint8)
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, _GAP), np.uint8))
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((3, 5), np.uint8))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(joined)
    for left, top, width, height, area in boxes[1:].tolist():
        if not _MIN_HEIGHT <= height < _MAX_HEIGHT or width < _MIN_ASPECT * height:
            continue
        row = ink[top : top + height, left : left + width]
        changes = np.count_nonzero(np.diff(row[height // 2])) * height / width
        if area > _MIN_FILL * width * height and _INK[0] < row.mean() < _INK[1] and changes >= _MIN_CHANGES:
            return True
    return False
