"""The choice of pictures for a shot."""

from __future__ import annotations

from processors.vision.dedup import Duplicates
from processors.vision.keyframes import GUARD_MS, STRETCH_MS, Candidate, KeyFrames
from tests.unit.vision.helpers import look, mix


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


def moving(seed: int, start_ms: int, moments: int, offset: int = 0, sharpest: int = 0) -> list[Candidate]:
    """A shot in which the camera moves on a little from moment to moment, each 200 ms after the one before."""
    return [
        Candidate(
            start_ms + 200 * number,
            None,
            look(seed, shift=number + offset),
            300.0 if number == sharpest else 100.0,
            0.0,
        )
        for number in range(moments)
    ]


def test_a_take_that_comes_again_gets_no_picture_of_a_moment_between_the_remembered_ones():
    duplicates = Duplicates(threshold=0.999, glimpse_threshold=0.999)
    first, again = moving(1, 0, 20, sharpest=4), moving(1, 10_000, 20, sharpest=5)
    assert not duplicates.seen(again[5].look)
    chosen = choose([first, again], duplicates)
    assert not duplicates.seen(again[5].look)  # only every second moment is remembered
    assert chosen == [800]


def test_something_new_after_something_seen_gets_its_picture():
    duplicates = Duplicates(threshold=0.999, glimpse_threshold=0.999)
    first = moving(1, 0, 20, sharpest=4)
    changed = mix(look(1), look(2), 0.5)
    again = [*moving(1, 10_000, 8), *(Candidate(11_600 + 200 * n, None, changed, 400.0, 0.0) for n in range(12))]
    assert choose([first, again], duplicates) == [800, 11_600]
