"""Which way up: all eight ways in which a picture can lie, by the matrix of a container and by the EXIF of a JPEG."""

from __future__ import annotations

import gc
from pathlib import Path

import av
import pytest

from processors.media.container import open_container
from processors.media.orientation import orientation_of
from tests.hostile import corners, film, seen_corners, stills, turned_jpeg

# a, b, c, d of a display matrix, and the corners in reading order of what is shown when R G B Y are stored
EIGHT = [
    ((1, 0, 0, 1), "RGBY"),
    ((-1, 0, 0, 1), "GRYB"),
    ((-1, 0, 0, -1), "YBGR"),
    ((1, 0, 0, -1), "BYRG"),
    ((0, 1, 1, 0), "RBGY"),
    ((0, 1, -1, 0), "BRYG"),
    ((0, -1, -1, 0), "YGBR"),
    ((0, -1, 1, 0), "GYRB"),
]


def shown(path: Path) -> list[str]:
    """Corners of each picture as it is shown."""
    with open_container(path) as container:
        frames = list(container.decode(video=0))
    return [seen_corners(orientation_of(frame).apply(frame.reformat(format="bgr24").to_ndarray())) for frame in frames]


@pytest.mark.parametrize(("matrix", "seen"), EIGHT)
def test_matrices(tmp_path: Path, matrix: tuple[int, ...], seen: str):
    assert shown(film(tmp_path / "a.mp4", [corners()] * 3, matrix=matrix)) == [seen] * 3


@pytest.mark.parametrize(("matrix", "seen"), [((0.99, 0.1, -0.1, 0.99), "RGBY"), ((0.1, 0.9, -0.9, 0.1), "BRYG")])
def test_between_quarter_turns_the_nearest_counts(tmp_path: Path, matrix: tuple[float, ...], seen: str):
    assert set(shown(film(tmp_path / "a.mp4", [corners()] * 3, matrix=matrix))) == {seen}


@pytest.mark.parametrize(("orientation", "seen"), [(1, "RGBY"), (3, "YBGR"), (6, "BRYG"), (8, "GYRB")])
def test_jpegs_of_a_camera(tmp_path: Path, orientation: int, seen: str):
    jpegs = [turned_jpeg(corners(), orientation)] * 2
    assert set(shown(stills(tmp_path / "a.mov", "mjpeg", jpegs))) == {seen}


def test_each_picture_lies_as_it_says_itself(tmp_path: Path):
    jpegs = [turned_jpeg(corners(), orientation) for orientation in (6, 1, 8)]
    assert shown(stills(tmp_path / "a.mov", "mjpeg", jpegs)) == ["BRYG", "RGBY", "GYRB"]


def test_a_picture_that_was_looked_at_is_freed_at_once(tmp_path: Path):
    """Else the sample takes 164 MB more before the garbage is collected."""
    path = film(tmp_path / "a.mp4", [corners()] * 20, matrix=(0, 1, -1, 0))
    gc.collect()
    gc.disable()
    try:
        with open_container(path) as container:
            assert sum(orientation_of(frame).swapped for frame in container.decode(video=0)) == 20
        left = [one for one in gc.get_objects() if isinstance(one, av.VideoFrame)]
        assert max((frame.width for frame in left), default=0) <= 8
    finally:
        gc.enable()
