"""How shots begin, from what detectors settle to what the extractor sends: cuts, dissolves, fades."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from processors.domain import Shot
from processors.options import Options, Profile
from processors.tools import Tools
from processors.vision.boundaries import Boundary, Settled
from processors.vision.dedup import Duplicates
from processors.vision.track import ShotTracker
from tests.media import FRAME_MS
from tests.unit.vision.helpers import Image, extract, scenery, write_video

SIZE = (320, 180)
BLACK: Image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)


def track(boundaries: dict[int, Boundary], pictures: int, end_ms: int) -> list[Shot]:
    """Shots where these boundaries come with the pictures of these numbers."""
    tracker = ShotTracker(Duplicates())
    found = [
        one
        for number in range(pictures)
        for one in tracker.push(Settled(number * FRAME_MS, boundaries.get(number), number * FRAME_MS), None)
    ]
    return [one for one in [*found, *tracker.close(end_ms)] if isinstance(one, Shot)]


def test_each_shot_knows_the_boundary_before_it_and_the_first_has_none() -> None:
    boundaries = {
        10: Boundary.cut(400),
        30: Boundary(1000, "dissolve", 800, 1160),
        60: Boundary(2000, "fade", 1960, 2360),
        70: Boundary.cut(2800),
    }
    assert track(boundaries, 80, 3200) == [
        Shot(0, 0, 400),
        Shot(1, 400, 1000, "cut"),
        Shot(2, 1000, 2000, "dissolve"),
        Shot(3, 2000, 2800, "fade"),
        Shot(4, 2800, 3200, "cut"),
    ]


def test_one_shot_begins_with_nothing() -> None:
    assert track({}, 5, 200) == [Shot(0, 0, 200)]
    assert track({}, 0, 200) == []


def blend(one: Image, two: Image, pictures: int) -> list[Image]:
    parts = [(number + 1) / (pictures + 1) for number in range(pictures)]
    return [(one * (1 - part) + two * part).astype(np.uint8) for part in parts]


def pictures() -> list[Image]:
    """A cut at 2 s, a dissolve about 4.4 s, a fade through black about 8 s, a cut at 11 s."""
    one, two, three, four, five = (scenery(seed, SIZE) for seed in range(1, 6))
    images = [one] * 50 + [two] * 50 + blend(two, three, 20) + [three] * 55
    return images + blend(three, BLACK, 20) + [BLACK] * 10 + blend(BLACK, four, 20) + [four] * 50 + [five] * 50


@pytest.mark.parametrize("profile", ["balanced", "best"])
def test_a_film_with_all_of_them(tmp_path: Path, tools: Tools, profile: Profile) -> None:
    found = extract(write_video(tmp_path / "a.mp4", pictures()), tools, Options(profile=profile))
    assert found.end.warnings == []
    assert [shot.transition for shot in found.shots] == [None, "cut", "dissolve", "fade", "cut"]
    for at_ms, known_ms in zip(found.cuts_ms, (2000, 4400, 8000, 11_000), strict=True):
        assert abs(at_ms - known_ms) <= 4 * FRAME_MS


def test_what_key_frames_alone_tell_is_a_cut(tmp_path: Path, tools: Tools) -> None:
    options = {"preset": "veryfast", "x264-params": "keyint=25:min-keyint=25:scenecut=0"}
    found = extract(write_video(tmp_path / "a.mp4", pictures(), options=options), tools, Options(profile="fast"))
    assert [shot.transition for shot in found.shots[:1]] == [None]
    assert any(4000 <= at_ms <= 5000 for at_ms in found.cuts_ms), "the dissolve is found"
    assert {shot.transition for shot in found.shots[1:]} == {"cut"}
