"""What kind of picture it is by EfficientNet-Lite0 (Liu, 2020): one of the 1,000 classes of ImageNet.

8 ms a picture on one core. `ops/models/export_image_classifier.py` says how the file was made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from processors.models.runtime import session

KIND_MODEL: Final = "efficientnet-lite0"
SIDE: Final = 224


class PictureClassifier:
    """Classifies pictures; one per process and thread.

    Args:
        model: `efficientnet_lite0.onnx`.
        threads: of the processor, >= 1.

    Raises:
        ModelUnavailable: the network cannot be read.
    """

    def __init__(self, model: Path, threads: int) -> None:
        self._session = session(model, threads)

    def classify(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The probability of each class.

        Args:
            image: uint8 (height, width, 3), BGR, upright. All of it is seen, drawn out to a square: cut to a square in
                the middle, as photographs of one thing are, a car park became a mobile phone at 0.85 instead of 0.27.

        Returns:
            float32 (1000,), in ImageNet's order; their sum is 1.
        """
        small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        (probability,) = self._session.run(None, {"picture": np.ascontiguousarray(small[..., ::-1])[np.newaxis]})
        found: NDArray[np.float32] = probability[0]
        return found


__all__ = ["KIND_MODEL", "SIDE", "PictureClassifier"]
