"""High dynamic range: patches of known colours, coded as BT.2100 says, through the real path to the stored picture."""

from __future__ import annotations

import time
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from processors.tools import Tools
from processors.vision.hdr import is_hdr, to_sdr
from tests.hostile import film
from tests.unit.vision.helpers import extract, picture_of

PQ, HLG, BT2020, BT709 = 16, 18, 9, 1
WHITE_NITS = 203
# sRGB as a display of ordinary range shows them, with white at 203 nits
PATCHES = np.array(
    [(255, 255, 255), (128, 128, 128), (0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 150, 110), (60, 90, 40)]
)
TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])


def nits_of(srgb: NDArray[np.int64]) -> NDArray[np.float64]:
    """Light in nits, in the primaries of BT.2020."""
    level = srgb / 255
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return np.asarray(light @ TO_2020.T * WHITE_NITS)


def coded(nits: NDArray[np.float64], transfer: int) -> NDArray[np.float64]:
    """Signal 0..1 of that light: the inverse of what a display does."""
    if transfer == PQ:
        power = (nits / 10_000) ** (2610 / 16384)
        return np.asarray(((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32))
    shown = nits / 1000
    luma = np.maximum(shown @ (0.2627, 0.6780, 0.0593), 1e-9)
    scene = shown * (luma ** (1 / 1.2 - 1))[..., None]
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)


def frame_of(nits: NDArray[np.float64], transfer: int, size: tuple[int, int]) -> av.VideoFrame:
    """Vertical bars of these lights, as 10 bit YUV of BT.2020."""
    red, green, blue = np.moveaxis(coded(nits, transfer), -1, 0)
    luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    planes = 64 + 876 * luma, 512 + 896 * (blue - luma) / 1.8814, 512 + 896 * (red - luma) / 1.4746
    frame = av.VideoFrame(*size, "yuv420p10le")
    for plane, levels in zip(frame.planes, planes, strict=True):
        rows = np.zeros((plane.height, plane.line_size // 2), np.uint16)
        rows[:, : plane.width] = np.repeat(np.rint(levels), -(-plane.width // len(levels)))[: plane.width]
        plane.update(rows.tobytes())
    frame.color_trc, frame.color_primaries, frame.colorspace, frame.color_range = transfer, BT2020, BT2020, 1
    return frame


def bars(picture: NDArray[np.uint8], count: int) -> NDArray[np.float64]:
    """Colours of the middles of so many bars, RGB."""
    wide = picture.shape[1] / count
    return np.array(
        [picture[:, round((n + 0.4) * wide) : round((n + 0.6) * wide), ::-1].mean((0, 1)) for n in range(count)]
    )


@pytest.mark.parametrize("size", [(256, 64), (2560, 96)], ids=["as it is", "larger than what is held"])
@pytest.mark.parametrize("transfer", [PQ, HLG], ids=["PQ", "HLG"])
def test_colours_come_out_as_they_went_in(tmp_path: Path, tools: Tools, transfer: int, size: tuple[int, int]):
    frames = [frame_of(nits_of(PATCHES), transfer, size) for _ in range(3)]
    path = film(
        tmp_path / "a.mkv", frames, pixels="yuv420p10le", size=size, options={"preset": "ultrafast", "crf": "4"},
        tags=(BT2020, transfer, BT2020),
    )  # fmt: skip
    found = bars(picture_of(extract(path, tools).frames[0], tools), len(PATCHES))
    # what is bright gives way to what is brighter: of 255 some 233 are left; all below half of that light stays
    expected = np.where(PATCHES == 255, 233, PATCHES)
    assert np.abs(found - expected).max() <= 20
    assert np.abs(found[[0, 1, 2, 6, 7]] - expected[[0, 1, 2, 6, 7]]).max() <= 5


def test_what_is_brighter_than_white_is_brighter_than_white():
    nits = np.array([0, 1, 20, 100, 203, 300, 400, 600, 1000])
    frame = frame_of(np.repeat(nits[:, None], 3, 1).astype(float), PQ, (288, 64))
    grey = bars(to_sdr(frame, 288, 64), len(nits))[:, 1]
    assert np.all(np.diff(grey) >= 0)
    assert grey[4] < grey[5] < grey[6] <= 255
    assert grey[0] == 0


def test_ordinary_pictures_are_left_alone(tmp_path: Path):
    path = film(tmp_path / "a.mp4", [np.full((96, 160, 3), 90, np.uint8)] * 2, tags=(BT709, BT709, BT709))
    with av.open(str(path)) as container:
        assert not is_hdr(next(container.decode(video=0)))


def test_a_stored_picture_takes_less_than_a_second():
    frame = frame_of(nits_of(PATCHES), HLG, (3840, 2160))
    to_sdr(frame, 64, 36)  # the tables
    began = time.process_time()
    to_sdr(frame, 1280, 720)
    assert time.process_time() - began < 1
