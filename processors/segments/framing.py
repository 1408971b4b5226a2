"""What becomes of faces when a picture is cropped to another aspect, and which of them an interface covers.

A face counts as kept when its middle and most of its width lie in the crop. A picture with several faces is judged by
its largest one: that is who a viewer looks at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from processors.domain import Face, FrameAnalysis
from processors.segments.platforms import Covered

# So much of a face's width must be in the crop: cheeks and ears may go, eyes and mouth may not.
KEPT_WIDTH: Final = 0.7
# Places of a crop that are tried, from the left edge to the right one; steps of a twentieth are less than any face.
PLACES: Final = 21
MIDDLE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Crop:
    """What a crop to a narrower aspect does.

    Args:
        width: of the crop in the picture, 0..1; 1 when nothing is cut off at the sides.
        pictures: with faces.
        in_middle: of these, how many keep their face when the crop is in the middle.
        best: how many keep it at the best place that is the same for all of them.
        place: that place: 0 at the left edge, 0.5 in the middle, 1 at the right edge.
    """

    width: float
    pictures: int
    in_middle: int
    best: int
    place: float


def crop_of(frames: Sequence[FrameAnalysis], aspect: float, wanted: float) -> Crop:
    """How a crop to an aspect would treat the faces.

    Args:
        frames: of the segment.
        aspect: of the picture, width by height.
        wanted: of the crop; a wider one than the picture's cuts off nothing at the sides.
    """
    width = min(1.0, wanted / aspect)
    faces = [largest for frame in frames if (largest := largest_face(frame)) is not None]
    places = sorted((index / (PLACES - 1) for index in range(PLACES)), key=lambda place: (abs(place - MIDDLE), place))
    kept = {place: sum(_keeps(face, place, width) for face in faces) for place in places}
    place = max(places, key=lambda each: kept[each])  # of equals the one nearest to the middle
    return Crop(width, len(faces), kept[MIDDLE], kept[place], place)


def covered_faces(frames: Sequence[FrameAnalysis], covered: Covered, crop: Crop) -> int:
    """In how many pictures the middle of the largest face lies under the interface, cropped at the best place."""
    left = crop.place * (1 - crop.width)
    under = 0
    for frame in frames:
        face = largest_face(frame)
        if face is None:
            continue
        x = (face.x + face.width / 2 - left) / crop.width
        y = face.y + face.height / 2
        inside = covered.left <= x <= 1 - covered.right and covered.top <= y <= 1 - covered.bottom
        under += 0 <= x <= 1 and not inside
    return under


def largest_face(frame: FrameAnalysis) -> Face | None:
    """The largest face of a picture."""
    return max(frame.faces, key=lambda face: (face.width * face.height, face.x), default=None)


def _keeps(face: Face, place: float, width: float) -> bool:
    left = place * (1 - width)
    shared = min(face.x + face.width, left + width) - max(face.x, left)
    # a face wider than the crop is cut at any place; the best that can be is that it fills it
    return left <= face.x + face.width / 2 <= left + width and shared >= KEPT_WIDTH * min(face.width, width) - 1e-9


__all__ = ["MIDDLE", "Crop", "covered_faces", "crop_of", "largest_face"]
