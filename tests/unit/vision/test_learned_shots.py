"""The network behind the interface, on little videos that are made here."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from processors.models.manifest import MODELS
from processors.models.store import ModelStore
from processors.options import Options
from processors.parameters import Steering, relevant
from processors.tools import Tools
from processors.vision.boundaries import Boundary, Settled
from processors.vision.learned_shots import (
    HEIGHT,
    MIN_STEP_MS,
    SHOT_MODEL,
    WIDTH,
    WINDOW,
    LearnedDetector,
    ShotNetwork,
    small,
)
from processors.vision.look import look_at
from tests.media import MAKERS
from tests.unit.vision.helpers import Image, extract, scenery, write_video

BEST = Options(profile="best")
FIXED_GOP = {"preset": "ultrafast", "x264-params": "keyint=50:min-keyint=50:scenecut=0"}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> ShotNetwork:
    store = ModelStore(None, tmp_path_factory.mktemp("cache"), allow_download=False)
    return ShotNetwork(store.path(SHOT_MODEL), threads=1)


def moving(seed: int, count: int, size: tuple[int, int] = (320, 180)) -> list[Image]:
    """A slow pan over scenery."""
    wide = scenery(seed, (size[0] + 2 * count, size[1]))
    return [np.ascontiguousarray(wide[:, 2 * number : 2 * number + size[0]]) for number in range(count)]


def dissolve(first: list[Image], second: list[Image]) -> list[Image]:
    """Both go on while one gives way to the other."""
    parts = [(number + 1) / (len(first) + 1) for number in range(len(first))]
    return [
        (one * (1 - part) + two * part).astype(np.uint8) for one, two, part in zip(first, second, parts, strict=True)
    ]


def settle(detector: LearnedDetector, images: list[Image], rate: int = 25) -> list[Settled]:
    found: list[Settled] = []
    for number, image in enumerate(images):
        frame: Any = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
        found += detector.push(number * 1000 // rate, look_at(frame), frame, key=False)
    return [*found, *detector.flush()]


def boundaries(detector: LearnedDetector, images: list[Image], rate: int = 25) -> list[Boundary]:
    return [one.boundary for one in settle(detector, images, rate) if one.boundary is not None]


def test_cuts_are_exact_and_told_from_dissolves_and_fades(network: ShotNetwork):
    one, two, three, four = (moving(seed, 120) for seed in (1, 2, 3, 4))
    black = np.zeros((180, 320, 3), np.uint8)
    images = [
        *one[:61],
        *two[:60],
        *dissolve(two[60:80], three[:20]),
        *three[20:80],
        *dissolve(three[80:100], [black] * 20),
        *[black] * 8,
        *dissolve([black] * 20, four[:20]),
        *four[20:80],
    ]
    cut, mixed, faded = boundaries(LearnedDetector(network), images)
    assert cut == Boundary.cut(61 * 40)
    assert mixed.kind == "dissolve"
    assert 121 * 40 <= mixed.at_ms <= 141 * 40
    assert faded.kind == "fade"
    assert 201 * 40 <= faded.at_ms <= 249 * 40


@pytest.mark.parametrize("rate", [10, 25, 50])
def test_the_first_picture_of_a_shot_is_found_at_every_rate(network: ShotNetwork, rate: int):
    """Also where it is one of those that the network is not shown."""
    for first in (3 * rate, 3 * rate + 1, 3 * rate + 2):
        images = [*moving(1, first), *moving(2, 3 * rate)]
        assert boundaries(LearnedDetector(network), images, rate) == [Boundary.cut(first * 1000 // rate)]


@pytest.mark.parametrize("count", [0, 1, 2, 49, 50, 100, 199, 251])
def test_every_picture_is_settled_once_in_order(network: ShotNetwork, count: int):
    found = settle(LearnedDetector(network), [scenery(1, (96, 54))] * count)
    assert [one.pts_ms for one in found] == [40 * number for number in range(count)]
    assert not any(one.boundary for one in found)


def test_still_stretches_are_not_looked_at(network: ShotNetwork):
    detector = LearnedDetector(network)
    settle(detector, [scenery(1, (96, 54))] * 1000)
    assert (detector.windows, detector.windows_seen) == (10, 0)
    every = LearnedDetector(network, calm=0)
    settle(every, [scenery(1, (96, 54))] * 200)
    assert every.windows_seen == every.windows == 2


def test_a_cut_between_still_shots_is_looked_at_and_what_is_far_from_it_is_not(network: ShotNetwork):
    detector = LearnedDetector(network)
    assert boundaries(detector, [scenery(1, (96, 54))] * 600 + [scenery(2, (96, 54))] * 600) == [Boundary.cut(24_000)]
    assert detector.windows_seen <= 2


def test_memory_is_bounded(network: ShotNetwork):
    detector = LearnedDetector(network)
    frame: Any = av.VideoFrame.from_ndarray(scenery(1, (96, 54)), format="bgr24").reformat(format="yuv420p")
    look = look_at(frame)
    held = 0
    for number in range(2000):
        for _ in detector.push(number * 40, look, frame, key=False):
            pass
        held = max(held, len(detector._waiting), len(detector._shown), len(detector._moves))
    assert held <= 2 * WINDOW


def test_time_must_rise(network: ShotNetwork):
    detector = LearnedDetector(network)
    frame: Any = av.VideoFrame.from_ndarray(scenery(1, (96, 54)), format="bgr24").reformat(format="yuv420p")
    list(detector.push(40, look_at(frame), frame, key=True))
    with pytest.raises(ValueError, match="time must rise"):
        list(detector.push(40, look_at(frame), frame, key=False))


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((WINDOW - 1, HEIGHT, WIDTH, 3), np.uint8),
        np.zeros((WINDOW, WIDTH, HEIGHT, 3), np.uint8),
        np.zeros((WINDOW, HEIGHT, WIDTH, 3), np.float32),
    ],
)
def test_other_windows_are_refused(network: ShotNetwork, frames: Any):
    with pytest.raises(ValueError, match="frames must be"):
        network.judge(frames)


def test_the_network_sees_red_as_red():
    image = np.zeros((90, 160, 3), np.uint8)
    image[:, :, 2] = 250  # BGR
    seen = small(av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p"))
    assert seen.shape == (HEIGHT, WIDTH, 3)
    assert seen[..., 0].min() > 200
    assert seen[..., 2].max() < 60


def test_the_best_profile_finds_a_dissolve_and_takes_no_picture_of_it(tmp_path: Path, tools: Tools):
    one, two = moving(1, 120), moving(2, 120)
    path = write_video(tmp_path / "a.mp4", [*one[:90], *dissolve(one[90:110], two[:20]), *two[20:]], options=FIXED_GOP)
    found = extract(path, tools, BEST)
    assert len(found.cuts_ms) == 1
    assert 3600 <= found.cuts_ms[0] <= 4400
    assert [frame.shot for frame in found.frames] == [0, 1]
    assert not [frame for frame in found.frames if 3760 <= frame.pts_ms <= 4240]


@pytest.mark.parametrize("name", ["video_starts_late", "audio_starts_late", "fixed_gop", "all_intra", "one_fps"])
def test_cuts_of_odd_files_are_those_of_the_content_detector(tmp_path: Path, tools: Tools, name: str):
    path = MAKERS[name](tmp_path)
    assert extract(path, tools, BEST).cuts_ms == extract(path, tools).cuts_ms != []


def test_without_the_network_the_content_detector_serves_and_says_so(tmp_path: Path, tools: Tools):
    own = tmp_path / "models" / SHOT_MODEL
    own.mkdir(parents=True)
    (own / MODELS[SHOT_MODEL].entry).write_bytes(b"another file")
    tools.models._models_dir = tmp_path / "models"
    path = MAKERS["video_only"](tmp_path)
    found = extract(path, tools, BEST)
    assert found.cuts_ms == [1000]
    assert any("without the network" in warning for warning in found.end.warnings)
    shutil.rmtree(own)
    assert extract(path, tools, BEST).end.warnings == []


def test_the_profile_steers_the_pictures():
    kept = relevant("frame-extractor", {"profile": "fast", "vision": "auto", "max_segments": 3}, Steering())
    assert kept == {"vision": "auto", "profile": "fast"}


def test_pictures_nearer_than_the_step_are_not_shown(network: ShotNetwork):
    detector = LearnedDetector(network, calm=0)
    settle(detector, [scenery(1, (96, 54))] * 400, rate=100)
    assert detector.windows == -(-400 * 10 // MIN_STEP_MS) // 50 + 1
