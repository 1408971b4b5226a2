"""Frozen stretches: by the sizes of packets, and in films that are made here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest

from processors.domain import FrameBatch
from processors.media.container import open_container, pick_streams, zero_of
from processors.media.limits import DEFAULTS
from processors.media.video import PacketGroup, VideoReader
from processors.options import Options
from processors.tools import Tools
from processors.vision.analyse import analyse_batch
from processors.vision.frozen import FrozenStretches
from tests.unit.vision.helpers import Image, extract, scenery, write_video

SKIPPED, NOISE, KEY = 40, 400, 20_000


@dataclass(frozen=True)
class Packet:
    size: int


def group(start_ms: int, *sizes: int, keyed: bool = True) -> PacketGroup:
    """Packets 100 ms apart."""
    packets = cast(Any, [Packet(size) for size in sizes])
    times = [start_ms + 100 * number for number in range(len(sizes))]
    return PacketGroup(start_ms, keyed=keyed, packets=packets, times_ms=times)


def frozen(*groups: PacketGroup) -> FrozenStretches:
    found = FrozenStretches(640, 360)
    for one in groups:
        found.add(one)
    return found


@pytest.mark.parametrize(
    ("groups", "at_ms", "length_ms"),
    [
        pytest.param([group(0, KEY, *[SKIPPED] * 20)], 700, 2_000, id="all of a group"),
        pytest.param([group(0, KEY, *[SKIPPED] * 9)], 500, 0, id="too short"),
        pytest.param([group(0, KEY, *[SKIPPED] * 10)], 500, 1_000, id="just long enough"),
        pytest.param([group(0, KEY, *[SKIPPED, NOISE] * 20)], 700, 0, id="every second picture has noise"),
        pytest.param([group(0, KEY, *[NOISE] * 10, *[SKIPPED] * 15)], 1_500, 1_500, id="freezes in the middle"),
        pytest.param([group(0, KEY, *[NOISE] * 10, *[SKIPPED] * 15)], 500, 0, id="and moves before it"),
        pytest.param(
            [group(0, KEY, *[SKIPPED] * 9), group(1_000, KEY, *[SKIPPED] * 9)], 1_000, 1_900, id="over a key frame"
        ),
        pytest.param(
            [group(0, KEY, *[NOISE] * 9), group(1_000, KEY, *[SKIPPED] * 12)], 1_000, 1_200, id="from a key frame on"
        ),
        pytest.param(
            [group(0, KEY, *[SKIPPED] * 9), group(1_000, *[SKIPPED] * 5, keyed=False)], 0, 1_400, id="a cut group"
        ),
        pytest.param([group(100 * number, KEY) for number in range(50)], 2_000, 0, id="key frames only"),
    ],
)
def test_stretches(groups: list[PacketGroup], at_ms: int, length_ms: int):
    assert frozen(*groups).around(at_ms) == length_ms


def test_another_picture_at_a_key_frame_ends_a_stretch():
    found = frozen(group(0, KEY, *[SKIPPED] * 19), group(2_000, KEY, *[SKIPPED] * 19))
    assert found.around(500) == 3_900
    found.change(2_000, difference=5.0, key=True)  # the same in another quality
    assert found.around(500) == 3_900
    found.change(2_000, difference=40.0, key=True)
    assert (found.around(500), found.around(2_500)) == (2_000, 1_900)
    found.add(group(4_000, KEY, *[SKIPPED] * 9))
    assert found.around(2_500) == 2_900


def test_what_is_decoded_counts_more_than_sizes():
    found = frozen(group(0, KEY, *[SKIPPED] * 39))
    found.change(500, difference=1.4, key=False)
    assert found.around(500) == 3_900
    found.change(500, difference=1.6, key=False)
    assert (found.around(400), found.around(600)) == (0, 3_400)


def test_nothing_is_known_of_nothing():
    assert FrozenStretches(640, 360).around(0) == 0


# ---------------------------------------------------------------------------------------------------- films


def noisy(image: Image, count: int, seed: int = 0) -> list[Image]:
    """A camera that stands still."""
    random = np.random.default_rng(seed)
    return [np.clip(image + random.normal(0, 4, image.shape), 0, 255).astype(np.uint8) for _ in range(count)]


def film(path: Path, codec: str, options: dict[str, str]) -> Path:
    """Two seconds of a standing camera, four in which its picture does not change, two of another camera."""
    images = noisy(cv2.GaussianBlur(scenery(1, (320, 180)), (0, 0), 2).astype(np.uint8), 50)
    crisp = images[-1].copy()
    crisp[::6, ::6] = 255  # so that it is the sharpest, and its shot's picture
    images += [crisp] * 100
    images += noisy(scenery(5, (320, 180)), 50, seed=1)
    return write_video(path, images, codec=codec, options=options)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        pytest.param("a.mp4", "libx264", {"preset": "veryfast", "crf": "20"}, id="h264"),
        pytest.param("b.mp4", "libx264", {"preset": "ultrafast", "g": "25"}, id="h264, a key frame a second"),
        pytest.param("c.webm", "libvpx-vp9", {"crf": "30", "b": "0", "cpu-used": "8"}, id="vp9"),
    ],
)
def test_a_frozen_stretch_is_found(tmp_path: Path, name: str, codec: str, options: dict[str, str]):
    with open_container(film(tmp_path / name, codec, options), DEFAULTS) as container:
        streams = pick_streams(container, None)
        stream = streams[1]
        assert stream is not None
        found = FrozenStretches(320, 180)
        for one in VideoReader(container, stream, zero_of(container, streams), 1).groups():
            found.add(one)
    assert found.around(1_000) == 0
    assert 2_500 <= found.around(4_500) <= 4_000
    assert found.around(7_000) == 0


def test_frames_of_it_say_so(tmp_path: Path, tools: Tools):
    found = extract(film(tmp_path / "film.mp4", "libx264", {"preset": "veryfast", "crf": "20"}), tools)
    frozen_one, moving = analyse_batch(FrameBatch(found.frames, []), Options(), tools).frames
    assert [frozen_one.still_ms, moving.still_ms] == [frame.still_ms for frame in found.frames]
    assert 3_000 <= (frozen_one.still_ms or 0) <= 4_000
    assert "frozen" in [label.name for label in frozen_one.labels]
    assert moving.still_ms == 0
    assert "frozen" not in [label.name for label in moving.labels]
