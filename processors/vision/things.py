"""Things in a picture by NanoDet-g (RangiLyu, "NanoDet", 2020): whether each thing of COCO is there.

31 ms a picture on one core. `ops/models/export_object_detector.py` says how the file was made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from processors.models.runtime import session

THING_MODEL: Final = "nanodet-g"
SIDE: Final = 416
# Around a picture that is no square; the mean colour that the network was trained with, blue, green and red. Drawn out
# to a square, as the authors do, Chaplin in 16:9 comes out at 0.51 to 0.70 instead of 0.73 to 0.79.
_AROUND: Final = (104, 116, 124)


class ThingFinder:
    """Finds things; one per process and thread.

    Args:
        model: `nanodet_g.onnx`.
        threads: of the processor, >= 1.

    Raises:
        ModelUnavailable: the network cannot be read.
    """

    def __init__(self, model: Path, threads: int) -> None:
        self._session = session(model, threads)

    def find(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How surely each thing is in a picture.

        Args:
            image: uint8 (height, width, 3), BGR, upright.

        Returns:
            float32 (80,), 0..1, in COCO's order.
        """
        (confidence,) = self._session.run(None, {"picture": squared(image)[np.newaxis]})
        found: NDArray[np.float32] = confidence[0]
        return found


def squared(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture scaled to 416 pixels, small ones enlarged, in the middle of a square."""
    scale = SIDE / max(image.shape[:2])
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square = np.empty((SIDE, SIDE, 3), np.uint8)
    square[:] = _AROUND
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    square[top : top + height, left : left + width] = cv2.resize(image, (width, height), interpolation=method)
    return square


__all__ = ["SIDE", "THING_MODEL", "ThingFinder", "squared"]
