"""The long film for `bench vision`."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from ops.bench.shot_films import RATE
from ops.bench.varied_film import SHOT_MS, SIZE, varied_film


def _pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as media:
        return [frame.to_ndarray(format="gray") for frame in media.decode(video=0)]


def test_its_length_its_shots_and_that_it_comes_out_the_same(tmp_path: Path, sample: Path) -> None:
    one, same = tmp_path / "one.mp4", tmp_path / "same.mp4"
    shots = varied_film(one, [sample], 0.1, seed=1)
    assert varied_film(same, [sample], 0.1, seed=1) == shots
    assert 6_000 / SHOT_MS[1] <= shots <= 6_000 / SHOT_MS[0] + 1
    pictures, again = _pictures(one), _pictures(same)
    assert len(pictures) == 6 * RATE
    assert pictures[0].shape == (SIZE[1], SIZE[0])
    assert all(np.array_equal(left, right) for left, right in zip(pictures, again, strict=True))
