from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.options import DEFAULT_MAX_SEGMENT_MS, DEFAULT_MIN_SEGMENT_MS, Options
from processors.segments.lengths import AT_EDGE, fitted, length_preference, lengths_for
from processors.segments.platforms import RULES, rules_for
from tests.unit.segments.test_platforms import OWN, Rules

SHORT = Rules.model_validate(OWN)  # 5 to 10 s, at most 15
LEAST_20 = Rules.model_validate(OWN | {"min_ms": 20_000, "ideal_ms": [20_000, 30_000], "max_ms": 40_000})
OWN_RULES = {"short": SHORT, "least20": LEAST_20}


@pytest.mark.parametrize(
    ("platforms", "given_ms", "expected"),
    [
        ((), {}, (8_000, 90_000)),
        (("tiktok",), {}, (8_000, 90_000)),  # its ideal is the default
        (("shorts",), {}, (8_000, 90_000)),  # its ideal is shorter
        (("linkedin",), {}, (8_000, 120_000)),
        (("x",), {}, (8_000, 90_000)),  # 140 s at most shorten nothing
        (("short",), {}, (8_000, 15_000)),  # its most is shorter
        (("least20",), {}, (20_000, 40_000)),
        (("tiktok", "linkedin"), {}, (8_000, 90_000)),  # both are to take it
        (("linkedin", "short"), {}, (8_000, 15_000)),
        (("short", "least20"), {}, (15_000, 15_000)),  # no length suits both; none is too long for either
        (("tiktok",), {"max_segment_ms": 30_000}, (8_000, 30_000)),  # what is given wins
        (("tiktok",), {"min_segment_ms": 20_000}, (20_000, 90_000)),
        (("short",), {"min_segment_ms": 20_000}, (20_000, 20_000)),
        (("least20",), {"max_segment_ms": 10_000}, (10_000, 10_000)),
        (("short",), {"min_segment_ms": 2_000, "max_segment_ms": 100_000}, (2_000, 100_000)),
        ((), {"min_segment_ms": 1_000, "max_segment_ms": 5_000}, (1_000, 5_000)),
    ],
)
def test_lengths(platforms: tuple[str, ...], given_ms: dict[str, int], expected: tuple[int, int]) -> None:
    options = Options(platforms=platforms, **given_ms)
    assert lengths_for(options, rules_for(platforms, OWN_RULES)) == expected


@given(
    st.sets(st.sampled_from([*RULES, *OWN_RULES])),
    st.none() | st.integers(500, 60_000),
    st.none() | st.integers(60_000, 3_600_000),
)
def test_they_are_in_order_and_fitting_twice_changes_nothing(
    names: set[str], low: int | None, high: int | None
) -> None:
    asked = {"min_segment_ms": low or DEFAULT_MIN_SEGMENT_MS, "max_segment_ms": high or DEFAULT_MAX_SEGMENT_MS}
    options = Options(platforms=tuple(sorted(names)), **asked)
    rules = rules_for(options.platforms, OWN_RULES)
    once = fitted(options, rules)
    assert 0 < once.min_segment_ms <= once.max_segment_ms
    assert fitted(once, rules) == once
    Options.model_validate(once.model_dump())  # still options that anybody may send


def test_the_preference_for_a_length() -> None:
    rules = {"short": SHORT}
    assert [length_preference(ms, rules) for ms in (5_000, 7_500, 10_000)] == [1.0, 1.0, 1.0]
    assert length_preference(15_000, rules) == length_preference(500, rules) == AT_EDGE
    assert length_preference(15_001, rules) == length_preference(499, rules) == 0.0
    assert length_preference(8_000, {}) == 1.0
    assert length_preference(12_000, {"short": SHORT, "x": RULES["x"]}) == length_preference(12_000, rules)
    rising = [length_preference(ms, rules) for ms in range(500, 5_001, 500)]
    assert rising == sorted(rising)
    assert all(one < other for one, other in itertools.pairwise(rising))
