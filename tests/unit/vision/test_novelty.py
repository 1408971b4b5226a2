"""Novelty: what a picture is compared with, and what it comes to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from processors.tools import Tools
from processors.vision.look import Look
from processors.vision.novelty import Novelty
from tests.unit.vision.helpers import card, extract, look, mix, plain, scenery, write_video


def test_the_first_picture_is_new():
    assert Novelty().of(look(1)) == 1.0


def test_the_same_picture_is_not():
    novelty = Novelty()
    novelty.of(look(1))
    novelty.of(look(2))
    assert novelty.of(look(1)) == 0.0


def test_the_more_it_differs_the_newer_it_is():
    found = []
    for part in (0.0, 0.3, 0.6, 1.0):
        novelty = Novelty()
        novelty.of(look(1))
        found.append(novelty.of(mix(look(1), Look(look(2).luma, look(1).chroma), part)))
    assert found == sorted(found)
    assert found[0] == 0.0
    assert found[-1] > 0.6


@pytest.mark.parametrize(
    ("one", "other", "new"),
    [
        pytest.param(look(1), look(1, brightness=48.0), 0.7, id="much brighter"),
        pytest.param(look(1), Look(look(1).luma, look(1).chroma + np.float32(60)), 1.0, id="in other colours"),
        pytest.param(plain(20), plain(22), 0.0, id="black twice"),
        pytest.param(plain(20), plain(220), 1.0, id="black and white"),
        pytest.param(plain(128), look(1), 0.9, id="grey and a picture"),
        pytest.param(look(1), plain(128), 0.9, id="a picture and grey"),
    ],
)
def test_tones_count(one: Look, other: Look, new: float):
    novelty = Novelty()
    novelty.of(one)
    found = novelty.of(other)
    assert found < 0.05 if new == 0.0 else found >= new


def test_the_oldest_is_forgotten():
    novelty = Novelty(capacity=2)
    for seed in (1, 2, 3):
        novelty.of(look(seed))
    assert novelty.of(look(3)) == 0.0  # remembered, and a second time
    assert novelty.of(look(1)) > 0.3


def test_frames_have_it_in_the_order_of_time(tmp_path: Path, tools: Tools):
    images = [scenery(1)] * 50 + [card("A title")] * 50 + [scenery(7)] * 50
    found = extract(write_video(tmp_path / "film.mp4", images), tools)
    values = [frame.novelty for frame in found.frames]
    assert values[0] == 1.0
    assert all(value is not None and value > 0.3 for value in values)
    assert extract(tmp_path / "film.mp4", tools).frames == found.frames
