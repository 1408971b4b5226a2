"""Brightness and colour of a picture, measured on a small copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from processors.vision.pixels import fit

# Means and spreads do not change below this size, and a copy of it takes 0.3 ms.
_LONGEST: Final = 160
_FULL_SCALE: Final = 255.0
# Hasler and Suesstrunk's scale: 15 slightly, 33 moderately, 59 quite, 109 extremely colourful; 100 is 1 here.
_COLOURFUL_SCALE: Final = 100.0
# A picture whose brightest hundredth is below this is black: 16 is black in video range, the rest is its noise.
_BLACK_LEVEL: Final = 32 / _FULL_SCALE
# Least spread (standard deviation) of brightness of a picture that shows something; noise alone has less.
_PLAIN_SPREAD: Final = 3 / _FULL_SCALE
# Sixteenths of the brightness scale within which a flat background lies.
_TONES: Final = 16


@dataclass(frozen=True, slots=True)
class Colour:
    """Brightness and colour of a picture; all values 0..1."""

    brightness: float  # mean luma
    contrast: float  # standard deviation of luma, times 2: black and white in halves is 1
    colourfulness: float  # Hasler and Suesstrunk
    saturation: float  # mean difference of the strongest and the weakest of red, green and blue
    peak: float  # luma that 99 % of the picture stay below
    flatness: float  # part of the picture in its commonest tone

    @property
    def black(self) -> bool:
        """Nothing to be seen: all but black."""
        return self.peak < _BLACK_LEVEL

    @property
    def plain(self) -> bool:
        """One tone, black or other."""
        return self.contrast / 2 < _PLAIN_SPREAD


def measure_colour(image: NDArray[np.uint8]) -> Colour:
    """Measure a picture.

    Args:
        image: uint8 (height, width, 3), BGR.

    Raises:
        ValueError: another shape or type, or an empty picture.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"expected uint8 (height, width, 3), got {image.dtype} {image.shape}")
    small = cv2.resize(image, fit(image.shape[1], image.shape[0], _LONGEST), interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32) / _FULL_SCALE
    channels = small.astype(np.float32)
    tones = np.bincount((luma * (_TONES - 0.01)).astype(np.int64).ravel(), minlength=_TONES)
    return Colour(
        brightness=float(luma.mean()),
        contrast=min(1.0, 2 * float(luma.std())),
        colourfulness=_colourfulness(channels),
        saturation=float((channels.max(axis=2) - channels.min(axis=2)).mean()) / _FULL_SCALE,
        peak=float(np.quantile(luma, 0.99)),
        flatness=float(tones.max()) / luma.size,
    )


def _colourfulness(channels: NDArray[np.float32]) -> float:
    """Hasler and Suesstrunk, "Measuring colourfulness in natural images" (2003), over 100 and clipped to 0..1."""
    blue, green, red = channels[..., 0], channels[..., 1], channels[..., 2]
    red_green = red - green
    yellow_blue = (red + green) / 2 - blue
    spread = float(np.hypot(red_green.std(), yellow_blue.std()))
    mean = float(np.hypot(red_green.mean(), yellow_blue.mean()))
    return min(1.0, (spread + 0.3 * mean) / _COLOURFUL_SCALE)
