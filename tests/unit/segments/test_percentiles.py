from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.segments.percentiles import percentiles

NAN = float("nan")
CASES = [
    ([3.0, 1.0, 2.0, 4.0], [0.625, 0.125, 0.375, 0.875], "all differ"),
    ([1.0, 1.0, 2.0, 2.0], [0.25, 0.25, 0.75, 0.75], "ties"),
    ([5.0], [0.5], "alone"),
    ([7.0, 7.0, 7.0], [0.5, 0.5, 0.5], "all equal"),
    ([1.0, NAN, 2.0], [0.25, NAN, 0.75], "unknown stays unknown"),
    ([NAN], [NAN], "nothing known"),
    ([], [], "empty"),
    ([0.1 + 0.2, 0.3], [0.5, 0.5], "equal but for the last bit"),
    ([float("inf"), 1.0], [NAN, 0.5], "infinite"),
]


@pytest.mark.parametrize(("values", "expected"), [case[:2] for case in CASES], ids=[case[2] for case in CASES])
def test_percentiles(values: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(percentiles(np.array(values)), expected)


@settings(deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=1, max_size=60))
def test_ranks_follow_the_values_and_average_a_half(values: list[int]) -> None:
    ranks = percentiles(np.array(values, dtype=np.float64))
    assert ranks.mean() == pytest.approx(0.5)
    for one, other in zip(range(len(values)), range(1, len(values)), strict=False):
        assert (ranks[one] < ranks[other]) == (values[one] < values[other])
