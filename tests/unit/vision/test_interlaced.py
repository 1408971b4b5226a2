"""Interlaced films: no combs in stored pictures, and no line lost of what stands still."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from processors.media.container import open_container
from processors.tools import Tools
from processors.vision.interlaced import combed, woven
from tests.hostile import FAST, UPRIGHT, Rgb, corners, film, seen_corners
from tests.unit.vision.helpers import card, extract, picture_of, scenery

PAL = (720, 576)
MOST_TEETH = 0.0005  # of all pixels; what is woven has 0.008


def moment(number: int) -> Rgb:
    """A white board that moves 6 pixels from one field to the next."""
    image = corners(PAL)
    left = PAL[0] // 4 + 6 * number % (PAL[0] // 2)
    image[PAL[1] // 4 : PAL[1] * 3 // 4, left : left + PAL[0] // 10] = 255
    return image


def weave(number: int) -> Rgb:
    """Lines of two moments in turn."""
    image = moment(2 * number)
    image[1::2] = moment(2 * number + 1)[1::2]
    return image


def _rate(context: Any) -> None:
    context.time_base = Fraction(1, 25)


def _fields(context: Any) -> None:
    _rate(context)
    context.flags |= (1 << 18) | (1 << 29)  # interlaced transform and motion estimation


FILMS: dict[str, dict[str, Any]] = {
    "a.mkv": {"codec": "libx264", "options": {**FAST, "x264-params": "tff=1"}},
    "a.ts": {"codec": "mpeg2video", "options": {"b": "8000000"}, "prepare": _fields},
    "a.dv": {"codec": "dvvideo", "options": {}, "prepare": _rate},
}


@pytest.mark.parametrize("name", FILMS)
def test_stored_pictures_have_no_combs(tmp_path: Path, tools: Tools, name: str):
    path = film(tmp_path / name, map(weave, range(20)), size=PAL, **FILMS[name])
    with open_container(path) as container:
        frame = list(container.decode(video=0))[10]
    assert frame.interlaced_frame
    assert combed(frame.reformat(format="bgr24").to_ndarray()).mean() > 10 * MOST_TEETH
    (found,) = extract(path, tools).frames
    picture = picture_of(found, tools)
    assert combed(picture).mean() <= MOST_TEETH
    assert seen_corners(picture) == UPRIGHT


def test_where_nothing_moves_every_line_stays():
    image = weave(3)
    still = slice(0, PAL[1] // 4 - 8)  # above the board
    mended = woven(image)
    assert (mended[still] == image[still]).all()
    assert (mended[0::2] == image[0::2]).all()
    assert combed(mended).mean() <= MOST_TEETH


@pytest.mark.parametrize("image", [scenery(3), card("Harbour Report", "small print", scale=0.6), corners()[:, :, ::-1]])
def test_ordinary_pictures_have_no_combs(image: NDArray[np.uint8]):
    assert combed(image).mean() <= MOST_TEETH
    assert woven(image) is image


@pytest.mark.parametrize("height", [1, 2, 3, 4, 5, 6, 7])
def test_few_lines(height: int):
    image = np.zeros((height, 40, 3), np.uint8)
    image[1::2] = 255
    assert woven(image).shape == image.shape
    assert combed(woven(image)).sum() <= combed(image).sum()
