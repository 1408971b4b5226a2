"""Sharpness, colour, strokes, looks: small measures on small pictures."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest

from processors.vision.colour import measure_colour
from processors.vision.look import difference, look_at, motion
from processors.vision.sharpness import sharpness
from processors.vision.strokes import may_hold_text
from tests.unit.vision.helpers import Image, card, look, scenery


def flat(blue: int, green: int, red: int) -> Image:
    return np.full((90, 160, 3), (blue, green, red), np.uint8)


# ---------------------------------------------------------------------------------------------- sharpness


def test_a_plain_area_is_not_sharp():
    assert sharpness(np.full((90, 160), 77, np.uint8)) == 0


def test_blur_lowers_sharpness_step_by_step():
    checks = np.kron(np.indices((9, 16)).sum(axis=0) % 2, np.ones((10, 10))).astype(np.uint8) * 200
    values = [sharpness(cv2.GaussianBlur(checks, (0, 0), sigma) if sigma else checks) for sigma in (0, 1, 2, 4)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 10 * values[-1] > 0


def test_sharpness_depends_little_on_the_size():
    large = cv2.cvtColor(card("HARBOUR", size=(1280, 720), scale=4), cv2.COLOR_BGR2GRAY)
    small = cv2.resize(large, (640, 360), interpolation=cv2.INTER_AREA)
    assert sharpness(small) == pytest.approx(sharpness(large), rel=0.15)


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.float32), np.zeros((0, 4), np.uint8)]
)
def test_sharpness_refuses_other_arrays(wrong: np.ndarray):
    with pytest.raises(ValueError, match="expected uint8"):
        sharpness(wrong)


# ------------------------------------------------------------------------------------------------- colour


def test_black():
    colour = measure_colour(flat(0, 0, 0))
    assert colour.black
    assert colour.plain
    assert colour.brightness == 0


def test_noise_in_the_dark_is_still_black():
    noise = np.random.default_rng(1).integers(0, 12, (90, 160, 3), dtype=np.uint8)
    assert measure_colour(noise).black


def test_a_small_light_is_not_black():
    image = flat(0, 0, 0)
    image[40:55, 70:95] = 255  # 2.6 % of the picture
    assert not measure_colour(image).black


def test_white():
    colour = measure_colour(flat(255, 255, 255))
    assert colour.brightness == pytest.approx(1.0)
    assert colour.plain
    assert not colour.black
    assert colour.colourfulness == 0


def test_grey_scale_has_no_colour():
    ramp = np.repeat(np.arange(160, dtype=np.uint8)[None, :, None], 90, axis=0).repeat(3, axis=2)
    colour = measure_colour(ramp)
    assert colour.colourfulness == colour.saturation == 0
    assert not colour.plain


def test_colourfulness_is_that_of_the_paper():
    # half red, half blue: red-green is 255 or 0, yellow-blue 127.5 or -255
    image = flat(255, 0, 0)
    image[:, 80:] = (0, 0, 255)
    red_green, yellow_blue = np.array([0.0, 255.0]), np.array([-255.0, 127.5])
    spread = np.hypot(red_green.std(), yellow_blue.std())
    mean = np.hypot(red_green.mean(), yellow_blue.mean())
    assert measure_colour(image).colourfulness == min(1.0, (spread + 0.3 * mean) / 100)
    mild = flat(120, 110, 110)
    assert measure_colour(mild).colourfulness == pytest.approx(0.3 * 10 / 100)


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)
def test_colour_refuses_other_arrays(wrong: np.ndarray):
    with pytest.raises(ValueError, match="expected uint8"):
        measure_colour(wrong)


# ------------------------------------------------------------------------------------------------ strokes


@pytest.mark.parametrize("size", [(320, 180), (640, 360), (1280, 720), (360, 640)])
def test_text_may_be_text(size: tuple[int, int]):
    assert may_hold_text(card("Chapter one", size=size, scale=size[0] / 600))


def test_dark_text_on_light_ground():
    assert may_hold_text(255 - card("Chapter one", ground=(30, 30, 30)))


@pytest.mark.parametrize(
    "image", [flat(0, 0, 0), flat(90, 120, 30), scenery(1), scenery(2), np.zeros((1, 1, 3), np.uint8)]
)
def test_no_strokes_no_text(image: Image):
    assert not may_hold_text(image)


# -------------------------------------------------------------------------------------------------- looks


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p", "yuv420p10le", "rgb24", "gray", "yuva420p", "nv12"])
def test_the_look_does_not_depend_on_the_pixel_format(pixels: str):
    frame = av.VideoFrame.from_ndarray(scenery(3), format="bgr24")
    grey = pixels == "gray"
    reference, other = look_at(frame.reformat(format="yuv420p")), look_at(frame.reformat(format=pixels))
    assert np.abs(reference.luma - other.luma).mean() < 4
    assert grey or np.abs(reference.chroma - other.chroma).mean() < 4


def test_a_look_has_the_promised_shape():
    one = look_at(av.VideoFrame.from_ndarray(scenery(3, (321, 181)), format="bgr24"))
    assert (one.luma.shape, one.luma.dtype) == ((18, 32), np.float32)
    assert (one.chroma.shape, one.chroma.dtype) == ((2, 9, 16), np.float32)


@pytest.mark.parametrize("size", [(2, 2), (16, 16), (8, 200), (4096, 16)])
def test_looks_of_odd_sizes(size: tuple[int, int]):
    frame = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), 90, np.uint8), format="bgr24")
    assert look_at(frame.reformat(format="yuv420p")).luma.shape == (18, 32)


def test_difference_is_a_distance():
    one, two = look(1), look(2)
    assert difference(one, one) == 0
    assert difference(one, two) == difference(two, one) > 11


def test_motion_is_that_of_100_ms():
    still, moved = look(1), look(1, shift=2)
    assert motion(still, still, 40) == 0
    assert 0 < motion(still, moved, 400) < motion(still, moved, 100) == motion(still, moved, 40) <= 1
