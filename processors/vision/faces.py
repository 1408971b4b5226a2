"""Faces by YuNet (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023) through OpenCV."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from processors.domain import Face
from processors.errors import ModelUnavailable
from processors.vision.pixels import fit

MODEL_NAME: Final = "yunet-2023mar"
# Longest side of the picture that the detector sees: 10 ms a picture on one core, against 20 ms at 640 and 5 ms at 320,
# where faces of 30 pixels at 640x360 are no longer found.
DETECT_LONGEST: Final = 480
# Least confidence: cartoon figures and text reach 0.57, faces of 25 pixels 0.61.
MIN_CONFIDENCE: Final = 0.6
_NMS_OVERLAP: Final = 0.3  # boxes that share more (intersection over union) are one face; YuNet's own default
_MAX_FACES: Final = 50  # a crowd; more are noise
_ROUND: Final = 4


class FaceFinder:
    """Finds faces; one per process and thread.

    Args:
        model: YuNet's ONNX file.

    Raises:
        ModelUnavailable: OpenCV cannot read the model.
    """

    def __init__(self, model: Path) -> None:
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # OpenCV 5 warns of its own default target
        try:
            self._detector: Any = cv2.FaceDetectorYN.create(
                str(model), "", (DETECT_LONGEST, DETECT_LONGEST), MIN_CONFIDENCE, _NMS_OVERLAP, _MAX_FACES
            )
        except cv2.error as error:
            raise ModelUnavailable(f"The face model {model.name} cannot be read: {error}.") from error
        finally:
            cv2.utils.logging.setLogLevel(level)

    def find(self, image: NDArray[np.uint8]) -> list[Face]:
        """Faces in a picture, the surest first.

        Args:
            image: uint8 (height, width, 3), BGR, upright.
        """
        size = fit(image.shape[1], image.shape[0], DETECT_LONGEST)
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        self._detector.setInputSize(size)
        _, found = self._detector.detect(small)
        faces = [_face(row, size) for row in (found if found is not None else ())]
        return sorted(faces, key=lambda face: (-face.confidence, face.x, face.y))


def _face(row: NDArray[np.float32], size: tuple[int, int]) -> Face:
    """From YuNet's row: left, top, width, height in pixels, ten landmark coordinates, confidence."""
    left, top = max(0.0, float(row[0]) / size[0]), max(0.0, float(row[1]) / size[1])
    right = min(1.0, float(row[0] + row[2]) / size[0])
    bottom = min(1.0, float(row[1] + row[3]) / size[1])
    return Face(
        x=round(left, _ROUND),
        y=round(top, _ROUND),
        width=round(max(0.0, right - left), _ROUND),
        height=round(max(0.0, bottom - top), _ROUND),
        confidence=round(min(1.0, float(row[14])), _ROUND),
    )
