"""High dynamic range (PQ and HLG) to what a JPEG can show.

Read as ordinary video, a PQ picture is grey and pale: its white at 203 nits is level 148 of 255, and a pure red has
137, 83, 57. Here white at 203 nits becomes 233, what is brighter goes on to 255, and colours are those of BT.709.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_PQ: Final = 16  # numbers of transfer functions in ITU-T H.273
_HLG: Final = 18
_WHITE_NITS: Final = 203.0  # white of ordinary scenes, BT.2408
_HLG_PEAK_NITS: Final = 1000.0
_HLG_GAMMA: Final = 1.2  # of its reference display, BT.2100
# Brightness, of white, up to which nothing is changed; beyond, all that comes is brought between it and 1.
_KNEE: Final = 0.5
_LEVELS: Final = 2**16
_STEPS: Final = 4096  # of the table from light to 8 bits: half a level at the steepest place
_TO_709: Final = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
_LUMA_2020: Final = np.array([0.2627, 0.6780, 0.0593], np.float32)


def is_hdr(frame: Any) -> bool:
    """Whether a frame says that its brightness is coded as PQ or HLG."""
    return frame.color_trc in (_PQ, _HLG)


def to_sdr(frame: Any, width: int, height: int) -> NDArray[np.uint8]:
    """An HDR frame, scaled, as an ordinary picture: uint8 (height, width, 3), BGR. 0.2 s for 1280 x 720 of 4K."""
    coded = frame.reformat(width=width, height=height, format="rgb48le", interpolation="AREA").to_ndarray()
    light = np.take(_light(frame.color_trc), coded)  # (height, width, 3), 1 is white
    if frame.color_trc == _HLG:
        scene = np.maximum(light @ _LUMA_2020, np.float32(1e-6))[..., None]
        light *= scene ** np.float32(_HLG_GAMMA - 1) * np.float32(_HLG_PEAK_NITS / _WHITE_NITS)
    light = np.maximum(light @ _TO_709.T, 0)
    brightest = np.maximum(light.max(axis=2, keepdims=True), np.float32(1e-6))
    light *= _rolled_off(brightest) / brightest  # all three by one factor: the hue stays
    places = np.sqrt(np.minimum(light, 1)) * (_STEPS - 1)  # the root spreads dark levels, where the eye sees steps
    return np.ascontiguousarray(np.take(_coded(), (places + 0.5).astype(np.uint16))[:, :, ::-1])


def _rolled_off(light: Floats) -> Floats:
    over = (light - _KNEE) / (1 - _KNEE)
    rolled: Floats = np.where(over > 0, _KNEE + (1 - _KNEE) * (1 - np.exp(-np.maximum(over, 0))), light)
    return rolled.astype(np.float32)


@cache
def _light(transfer: int) -> Floats:
    """Light of each coded level: of PQ on the screen, 1 is white; of HLG before the camera, 1 is its peak."""
    level = np.linspace(0, 1, _LEVELS)
    if transfer == _PQ:
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        root = level ** (1 / m2)
        nits = 10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
        return (nits / _WHITE_NITS).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(level <= 0.5, level**2 / 3, (np.exp((level - c) / a) + b) / 12)
    return scene.astype(np.float32)


@cache
def _coded() -> NDArray[np.uint8]:
    """Levels of sRGB by the root of light."""
    light = np.linspace(0, 1, _STEPS) ** 2
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    levels: NDArray[np.uint8] = np.rint(255 * srgb).astype(np.uint8)
    return levels


__all__ = ["is_hdr", "to_sdr"]
