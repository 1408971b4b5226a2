"""The choice of pictures for a shot."""

from __future__ import annotations

from processors.vision.dedup import Duplicates
from processors.vision.keyframes import GUARD_MS, STRETCH_MS, Candidate, KeyFrames
from tests.unit.vision.helpers import look


def candidate(pts_ms: int, seed: int = 1, sharpness: float = 100.0) -> Candidate:
    return Candidate(pts_ms, None, look(seed), sharpness, 0.0)


def choose(shots: list[list[Candidate]], duplicates: Duplicates | None = None) -> list[int]:
    keyframes = KeyFrames(duplicates or Duplicates())
    chosen = []
    for shot in shots:
        chosen += [one.pts_ms for one in keyframes.next_shot(shot[0].pts_ms)]
        for each in shot:
            chosen += [one.pts_ms for one in keyframes.add(each)]
    return chosen + [one.pts_ms for one in keyframes.next_shot(0)]


def test_the_sharpest():
    assert choose([[candidate(0), candidate(500, sharpness=300), candidate(900, sharpness=200)]]) == [500]


def test_the_first_of_equals():
    assert choose([[candidate(0), candidate(500), candidate(900)]]) == [500]


def test_not_beside_the_cut_even_if_sharper():
    shot = [candidate(0, sharpness=900), candidate(GUARD_MS - 1, sharpness=900), candidate(GUARD_MS)]
    assert choose([shot]) == [GUARD_MS]


def test_beside_the_cut_when_there_is_nothing_else():
    assert choose([[candidate(0)]]) == [0]


def test_a_still_shot_has_one_picture_however_long():
    assert choose([[candidate(each) for each in range(0, 60_000, 500)]]) == [500]


def test_a_long_shot_that_changes_has_one_for_each_stretch():
    shot = [candidate(each, seed=each // STRETCH_MS) for each in range(0, 35_000, 500)]
    assert choose([shot]) == [500, STRETCH_MS, 2 * STRETCH_MS, 3 * STRETCH_MS]


def test_a_repeated_shot_has_none():
    first, second = [candidate(0), candidate(500)], [candidate(2000, seed=2), candidate(2500, seed=2)]
    again = [candidate(4000), candidate(4500)]
    assert choose([first, second, again]) == [500, 2500]


def test_a_shot_repeated_at_another_moment_has_none():
    first = [candidate(0, 1), candidate(500, 2, 900), candidate(1000, 3)]  # 2 is chosen, 3 was passed over
    assert choose([first, [candidate(4000, 3), candidate(4500, 3)]]) == [500]


def test_no_shot():
    assert list(KeyFrames(Duplicates()).next_shot(0)) == []
