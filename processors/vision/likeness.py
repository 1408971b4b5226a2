"""How alike two pictures are, and an address under which near-same pictures are found again.

Alike is the cosine of 32x18 grey thumbnails about their means, as in `processors.vision.dedup`. The address is a
perceptual hash: the signs of the 63 lowest frequencies of a 32x32 thumbnail (about their median, as is often done,
two bits turn at a time). Noise and another encoding turn the weakest of them, so a look-up tries them both ways.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from processors.vision.look import HEIGHT, WIDTH

_HASH_SIDE: Final = 32
_KEPT: Final = 8  # lowest frequencies each way
# Bits that a look-up turns, all 2^4 ways. Of 47 key frames of nine videos, encoded anew as JPEG of quality 60 at two
# thirds of the size, it finds 47, without turning 34; at quality 40 and half of the size 47 and 33. The cosine of such
# pairs was 0.995 and more; no two of the 149 pairs within a video shared an address, two had a cosine above 0.8.
UNSURE_BITS: Final = 4
# As in `dedup`: thumbnails that vary less have nothing to compare; pictures of other mean colours are not alike.
_PLAIN_DEVIATION: Final = 3.0
_TONE: Final = 12.0
_SCALE: Final = 1_000.0  # of a unit vector's values in 16 bit; rounding changes a cosine by less than 0.0005


@dataclass(frozen=True, slots=True)
class Likeness:
    """What is compared of a picture.

    Attributes:
        unit: float32 (576,), length 1: brightness about its mean.
        tone: mean blue, green and red, 0..255.
        plain: whether it has one tone only.
        address: perceptual hash, 16 hex digits.
        unsure: numbers of the bits that another encoding may turn, the least sure first.
    """

    unit: NDArray[np.float32]
    tone: tuple[float, float, float]
    plain: bool
    address: str
    unsure: tuple[int, ...]

    def cosine(self, other: Likeness) -> float:
        """How alike they are, -1..1; -1 for plain pictures and those of other colours."""
        if self.plain or other.plain or any(abs(a - b) > _TONE for a, b in zip(self.tone, other.tone, strict=True)):
            return -1.0
        return float(self.unit @ other.unit)

    def addresses(self) -> list[str]:
        """The addresses to look under, the likeliest first."""
        value = int(self.address, 16)
        return [
            f"{value ^ sum(1 << bit for bit in turned):016x}"
            for count in range(len(self.unsure) + 1)
            for turned in combinations(self.unsure, count)
        ]

    def to_json(self) -> dict[str, Any]:
        """As kept."""
        unit = np.round(self.unit * _SCALE).astype("<i2").tobytes()
        return {"unit": base64.b64encode(unit).decode(), "tone": list(self.tone), "plain": self.plain}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Likeness:
        """Read back for comparing; without an address. Raises ValueError, KeyError or TypeError for something else."""
        unit = np.frombuffer(base64.b64decode(value["unit"]), "<i2").astype(np.float32) / np.float32(_SCALE)
        if unit.size != WIDTH * HEIGHT:
            raise ValueError(f"{WIDTH * HEIGHT} values, got {unit.size}")
        blue, green, red = map(float, value["tone"])
        return cls(unit, (blue, green, red), bool(value["plain"]), "0", ())


def likeness_of(image: NDArray[np.uint8]) -> Likeness:
    """The likeness of a picture.

    Args:
        image: uint8 (height, width, 3), BGR.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"a picture is uint8 (height, width, 3), got {image.dtype} {image.shape}")
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)
    centred = (small - small.mean()).ravel()
    unit = (centred / max(float(np.linalg.norm(centred)), 1e-6)).astype(np.float32)
    blue, green, red = (round(float(value), 2) for value in cv2.mean(image)[:3])
    square = cv2.resize(grey, (_HASH_SIDE, _HASH_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(square)[:_KEPT, :_KEPT].ravel()[1:]  # without the mean
    value = sum(1 << bit for bit, amplitude in enumerate(low) if amplitude > 0)
    order = [int(bit) for bit in np.argsort(np.abs(low), kind="stable")]
    return Likeness(
        unit, (blue, green, red), float(small.std()) < _PLAIN_DEVIATION, f"{value:016x}", tuple(order[:UNSURE_BITS])
    )


__all__ = ["UNSURE_BITS", "Likeness", "likeness_of"]
