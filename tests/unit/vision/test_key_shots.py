"""Shots by key frames and packet sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from processors.domain import Shot
from processors.media.container import open_container, pick_streams, zero_of
from processors.media.video import VideoReader
from processors.options import Options
from processors.tools import Tools
from processors.vision.dedup import Duplicates
from processors.vision.key_shots import KeyShotDetector
from processors.vision.scan import Scanner
from tests.media import FRAME_MS
from tests.unit.vision.helpers import Image, extract, scenery, write_video

SIZE = (320, 180)
LENGTHS = (60, 75, 45, 90)  # pictures
BOUNDS_MS = [60 * FRAME_MS, 135 * FRAME_MS, 180 * FRAME_MS]
AT_SHOTS = {"preset": "veryfast"}
EVERY_SECOND = {"preset": "veryfast", "x264-params": "keyint=25:min-keyint=25:scenecut=0"}
ONE = {"preset": "veryfast", "x264-params": "keyint=100000:scenecut=0"}


def film(path: Path, options: dict[str, str], lengths: tuple[int, ...] = LENGTHS) -> Path:
    """Shots whose pictures drift, so that no two are equal."""
    images: list[Image] = []
    for seed, length in enumerate(lengths):
        wide = scenery(seed + 1, (SIZE[0] + 200, SIZE[1]))
        images += [np.ascontiguousarray(wide[:, number : number + SIZE[0]]) for number in range(length)]
    return write_video(path, images, options=options)


def scan(path: Path) -> tuple[list[int], list[int], VideoReader]:
    """Starts of shots after the first, shots of the chosen pictures, the reader."""
    with open_container(path) as container:
        streams = pick_streams(container, None)
        reader = VideoReader(container, streams[1], zero_of(container, streams), 1)
        scanner = Scanner(reader, KeyShotDetector(reader), choose=True, duplicates=Duplicates())
        found = list(scanner.run())
    shots = [one.start_ms for one in found if isinstance(one, Shot)]
    return shots[1:], [one.shot for one in found if not isinstance(one, Shot)], reader


def test_where_the_encoder_saw_a_shot_begin(tmp_path: Path):
    starts, chosen, reader = scan(film(tmp_path / "a.mp4", AT_SHOTS))
    assert starts == BOUNDS_MS
    assert chosen == [0, 1, 2, 3]
    assert reader.decoded < LENGTHS[0] + 3 * len(LENGTHS)  # the first group, and two of each other


def test_between_key_frames_at_fixed_distances_by_the_packet_that_stands_out(tmp_path: Path):
    starts, chosen, reader = scan(film(tmp_path / "a.mp4", EVERY_SECOND))
    starts = [start for start in starts if start > 1000]  # what ends the first group may be anything
    assert len(starts) == 3
    assert all(0 <= found - bound <= 3 * FRAME_MS for found, bound in zip(starts, BOUNDS_MS, strict=True))
    assert len(set(chosen)) >= len(LENGTHS)
    assert reader.decoded < 50


def test_one_shot_has_none(tmp_path: Path):
    starts, _, _ = scan(film(tmp_path / "a.mp4", EVERY_SECOND, (180,)))
    assert starts in ([], [1000])  # of the first group nobody knows yet that it ends at a fixed distance


def test_without_key_frames_all_is_decoded(tmp_path: Path):
    starts, chosen, reader = scan(film(tmp_path / "a.mp4", ONE))
    assert starts == BOUNDS_MS
    assert chosen == [0, 1, 2, 3]
    assert reader.decoded > sum(LENGTHS) / 3


def test_a_shot_in_the_last_group_is_not_lost(tmp_path: Path):
    starts, chosen, _ = scan(film(tmp_path / "a.mp4", {"preset": "veryfast", "x264-params": "keyint=250:scenecut=0"}))
    assert starts == BOUNDS_MS
    assert chosen == [0, 1, 2, 3]


def test_nor_is_one_in_the_last_group_of_two(tmp_path: Path):
    starts, _, _ = scan(
        film(tmp_path / "a.mp4", {"preset": "veryfast", "x264-params": "keyint=250:scenecut=0"}, (275, 35))
    )
    assert starts[-1] == 275 * FRAME_MS


@pytest.mark.parametrize(("profile", "decoded_all"), [("fast", False), ("balanced", True)])
def test_the_fast_profile_takes_it(tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch, profile, decoded_all):
    read: list[VideoReader] = []
    made = VideoReader.__init__
    monkeypatch.setattr(VideoReader, "__init__", lambda self, *rest: (read.append(self), made(self, *rest))[1])
    found = extract(film(tmp_path / "a.mp4", AT_SHOTS), tools, Options(profile=profile))
    assert found.cuts_ms == BOUNDS_MS
    assert (read[0].decoded > 100) is decoded_all
