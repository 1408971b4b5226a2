"""Sharpness: variance of the Laplacian (Pech-Pacheco et al., 2000), on one size so that videos compare."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

# Pictures are shrunk to this width first: detail finer than that is mostly noise, and 1080p takes 1.3 ms so.
SHARPNESS_WIDTH: Final = 320


def sharpness(luma: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian of a picture shrunk to a width of 320 pixels.

    Args:
        luma: uint8 (height, width), brightness.

    Returns:
        0 for a plain area, about 50 for a soft picture, several hundred and more for a sharp one. Not bounded.

    Raises:
        ValueError: not a two-dimensional array of uint8, or an empty one.
    """
    if luma.ndim != 2 or luma.dtype != np.uint8 or luma.size == 0:
        raise ValueError(f"expected uint8 (height, width), got {luma.dtype} {luma.shape}")
    height, width = luma.shape
    if width > SHARPNESS_WIDTH:
        size = (SHARPNESS_WIDTH, max(1, round(height * SHARPNESS_WIDTH / width)))
        luma = cv2.resize(np.ascontiguousarray(luma), size, interpolation=cv2.INTER_AREA)
    _, deviation = cv2.meanStdDev(cv2.Laplacian(luma, cv2.CV_32F))
    return float(deviation[0, 0]) ** 2
