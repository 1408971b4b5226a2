"""Which way up a picture is shown: phones turn and mirror pictures by a matrix, they do not store them so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# Places of a, b, c, d in a display matrix of 3 x 3 numbers by rows: a pixel at (x, y) is shown at (ax + cy, bx + dy).
_TURNING: Final = [0, 1, 3, 4]
_SMALL: Final = 8  # pixels


@dataclass(frozen=True, slots=True)
class Orientation:
    """What is done to a stored picture, in this order, so that it stands upright.

    Args:
        swapped: rows become columns.
        mirrored: left and right change places.
        upside_down: top and bottom change places.
    """

    swapped: bool = False
    mirrored: bool = False
    upside_down: bool = False

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture upright. `image`: uint8 (height, width, channels)."""
        turned = image.swapaxes(0, 1) if self.swapped else image
        return np.ascontiguousarray(turned[:: -1 if self.upside_down else 1, :: -1 if self.mirrored else 1])


# By degrees counter-clockwise.
_BY_DEGREES: Final = {
    0: Orientation(),
    90: Orientation(swapped=True, upside_down=True),
    180: Orientation(mirrored=True, upside_down=True),
    270: Orientation(swapped=True, mirrored=True),
}


def orientation_of(frame: Any) -> Orientation:
    """How a decoded frame is to be turned.

    Angles between quarter turns count as the nearest one. Where the decoder hands out other data that the library
    cannot name (EXIF of a JPEG in a film), only the angle is known, and a picture that is mirrored as well stays so.
    """
    # a frame and its side data hold each other: what is asked must be small, as it stays until the garbage is collected
    asked = frame.reformat(width=_SMALL, height=_SMALL, format="gray", interpolation="POINT")
    try:
        matrix = asked.side_data.get("DISPLAYMATRIX")
    except ValueError:
        return _BY_DEGREES[round(frame.rotation / 90) * 90 % 360]
    if matrix is None:
        return _BY_DEGREES[0]
    a, b, c, d = np.frombuffer(matrix, np.int32)[_TURNING].tolist()
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, mirrored=c < 0, upside_down=b < 0)
    return Orientation(False, mirrored=a < 0, upside_down=d < 0)


__all__ = ["Orientation", "orientation_of"]
