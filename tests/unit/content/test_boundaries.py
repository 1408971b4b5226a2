"""Pk and WindowDiff against cases that were counted by hand."""

from __future__ import annotations

import pytest

from processors.content.boundaries import pk, window_diff, window_size

# Ten units, true boundary before unit 5: segments of 5, so the window is 2 (2.5 rounded to even) or as given. With
# window 2 there are 8 windows (0,2) (1,3) ... (7,9); the true boundary lies in those that begin at 3 and 4.
CASES = [
    ([5], [5], 2, 0 / 8, 0 / 8, "the same"),
    ([5], [], 2, 2 / 8, 2 / 8, "missed: the windows from 3 and 4"),
    ([5], [6], 2, 2 / 8, 2 / 8, "one late: 3 has only the true one, 5 only the found one"),
    ([5], [4, 5], 2, 1 / 8, 2 / 8, "one too many close by: Pk forgives the window from 3 that holds both"),
    ([5], [2, 5], 2, 2 / 8, 2 / 8, "one too many far away: the windows from 0 and 1"),
    ([], [5], 2, 2 / 8, 2 / 8, "there is none"),
    ([5], [1, 2, 3, 4, 5, 6, 7, 8, 9], 2, 6 / 8, 8 / 8, "everywhere: all windows hold two, two of them rightly one"),
    ([3, 6], [3, 7], 3, 2 / 7, 2 / 7, "window 3: those from 3 and 6 differ, those from 4 and 5 hold one of each"),
]


@pytest.mark.parametrize(
    ("true", "found", "window", "expected_pk", "expected_wd"), [case[:5] for case in CASES], ids=[c[5] for c in CASES]
)
def test_counted_by_hand(true, found, window, expected_pk, expected_wd):
    assert pk(true, found, 10, window) == pytest.approx(expected_pk)
    assert window_diff(true, found, 10, window) == pytest.approx(expected_wd)


def test_the_window_is_half_the_mean_true_segment():
    assert window_size([5], 10) == 2
    assert window_size([10, 20, 30], 40) == 5
    assert window_size([], 1) == 1
    assert pk([10, 20, 30], [11, 20, 30], 40) == pk([10, 20, 30], [11, 20, 30], 40, 5)


def test_where_no_window_fits_nothing_is_wrong():
    assert pk([], [], 1) == window_diff([], [], 1) == 0.0


@pytest.mark.parametrize("wrong", [[0], [10], [-1]])
def test_boundaries_lie_between_units(wrong):
    with pytest.raises(ValueError, match="between 1 and 9"):
        pk([5], wrong, 10)
    with pytest.raises(ValueError, match="between 1 and 9"):
        window_diff(wrong, [5], 10)
