from __future__ import annotations

import pytest

from processors.segments.keyframes import key_frame
from tests.unit.segments.builders import frame

CASES = [
    ([frame(1_000, score=0.4), frame(2_000, score=0.9), frame(9_000, score=1.0)], 2_000, "best inside"),
    ([frame(1_000, sharpness=10.0), frame(2_000, sharpness=90.0)], 2_000, "same score: the sharper"),
    ([frame(2_000), frame(1_000)], 1_000, "all the same: the earlier"),
    ([frame(1_000, score=0.9, scene="black"), frame(2_000, score=0.1)], 2_000, "black only when there is nothing else"),
    ([frame(1_000, score=0.9, scene="black")], 1_000, "nothing else than black"),
    ([frame(0), frame(7_000)], 0, "none inside: the nearest, before"),
    ([frame(4_999), frame(0)], 4_999, "the end is outside, yet nearest"),
    ([frame(1_000, score=float("nan")), frame(2_000, score=0.1)], 2_000, "a score that is no number counts least"),
]


@pytest.mark.parametrize(("frames", "pts_ms"), [case[:2] for case in CASES], ids=[case[2] for case in CASES])
def test_key_frame(frames: list, pts_ms: int) -> None:  # type: ignore[type-arg]
    found = key_frame(frames, 1_000, 4_999)
    assert found is not None
    assert found.pts_ms == pts_ms


def test_no_frames_no_key_frame() -> None:
    assert key_frame([], 0, 10) is None
