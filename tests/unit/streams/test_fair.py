"""Which of the works that wait goes next, drawn at random: the highest level first, and none waits for ever."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.fair import FairShare
from streams.priorities import headers_of, level_of, named, priority_of

WORKS = st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 5)), max_size=60)


def filled(share: int, works: list[tuple[int, int]]) -> FairShare[tuple[int, int, int]]:
    fair: FairShare[tuple[int, int, int]] = FairShare(share)
    for number, (level, order) in enumerate(works):
        fair.put(level, order, (level, order, number))
    return fair


def drained(fair: FairShare[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    return [fair.take()[1] for _ in range(len(fair))]


@given(st.integers(2, 9), WORKS)
def test_each_is_taken_once_and_within_a_level_in_order(share, works):
    taken = drained(filled(share, works))
    assert sorted(number for _, _, number in taken) == list(range(len(works)))
    for level in range(-2, 3):
        own = [(order, number) for held, order, number in taken if held == level]
        assert own == sorted(own)


@given(st.integers(2, 9), WORKS)
def test_a_level_is_passed_over_only_once_in_a_share_of_its_turns(share, works):
    taken = [level for level, _, _ in drained(filled(share, works))]
    left = Counter(level for level, _ in works)
    since = dict.fromkeys(range(-2, 3), share)  # turns since it was passed over; at the start nothing is owed
    for level in taken:
        for higher in range(level + 1, 3):
            if left[higher]:
                assert since[higher] >= share - 1, "a lower one went first too soon"
                since[higher] = 0
        since[level] += 1
        left[level] -= 1


@given(st.integers(2, 9), st.integers(1, 3))
def test_under_load_without_an_end_each_level_gets_its_share(share, levels_above):
    """Above it `levels_above` levels that always wait: within share ** levels turns it has one."""
    fair: FairShare[int] = FairShare(share)
    fair.put(0, 0, 0)
    for level in range(1, levels_above + 1):
        fair.put(level, 0, level)
    for turn in range(share**levels_above):
        level, _ = fair.take()
        if level == 0:
            break
        fair.put(level, turn, level)
    else:
        pytest.fail("it was starved")


def test_of_eight_turns_one_is_the_lower_level():
    fair = filled(8, [(1, n) for n in range(16)] + [(-1, n) for n in range(4)])
    assert [fair.take()[0] for _ in range(16)] == [*([1] * 7), -1, *([1] * 7), -1]


@pytest.mark.parametrize(
    ("levels", "found"),
    [
        (1, {-5: 0, 0: 0, 5: 0}),
        (2, {-1: 0, 0: 0, 1: 1, 9: 1}),
        (3, {-2: -1, -1: -1, 0: 0, 1: 1, 2: 1}),
        (5, {-9: -2, -1: -1, 2: 2, 3: 2}),
    ],
)
def test_priorities_are_taken_into_the_levels_that_there_are(levels, found):
    assert {priority: level_of(priority, levels) for priority in found} == found


@pytest.mark.parametrize("priority", [-3, 0, 1, 7])
def test_a_priority_travels_in_a_header(priority):
    assert priority_of(headers_of(priority)) == priority
    assert priority_of(dict(headers_of(priority))) == priority


@pytest.mark.parametrize(
    "headers", [None, [], {}, [("clipstream-priority", b"much")], [("clipstream-priority", None)], [("other", b"1")]]
)
def test_what_says_nothing_is_of_the_usual_priority(headers):
    assert priority_of(headers) == 0


def test_names_and_numbers():
    assert [named(text) for text in ("high", "normal", "low", "-2", "4")] == [1, 0, -1, -2, 4]
    with pytest.raises(ValueError, match="urgent"):
        named("urgent")
