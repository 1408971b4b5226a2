from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.errors import InvalidMessage
from processors.segments.signals import ALL, GROUPS
from processors.segments.weights import MAX_FACTOR, UNIT, preferred_weights, shares


def test_without_preferences_the_weights_add_up_to_one() -> None:
    assert sum(preferred_weights({}).values()) == pytest.approx(1.0)


def test_signal_and_group_multiply() -> None:
    plain, changed = preferred_weights({}), preferred_weights({"hook": 3.0, "speech": 2.0, "vision": 0.0})
    assert changed["hook"] == pytest.approx(6 * plain["hook"])
    assert changed["pace"] == pytest.approx(2 * plain["pace"])
    assert changed["faces"] == 0
    assert changed["loudness"] == plain["loudness"]


def test_an_unknown_name_is_refused_with_all_known_ones() -> None:
    with pytest.raises(InvalidMessage) as caught:
        preferred_weights({"hok": 1.0})
    for name in [*GROUPS, *(signal.name for signal in ALL)]:
        assert name in caught.value.reason
    assert "Did you mean 'hook'?" in caught.value.reason


@pytest.mark.parametrize("factor", [-0.1, MAX_FACTOR + 1, float("nan"), float("inf")])
def test_a_factor_out_of_range_is_refused(factor: float) -> None:
    with pytest.raises(InvalidMessage, match="'hook'"):
        preferred_weights({"hook": factor})


@pytest.mark.parametrize("factor", [0.0, MAX_FACTOR])
def test_the_ends_of_the_range_are_accepted(factor: float) -> None:
    preferred_weights({"hook": factor})


def test_nothing_left_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="no signal"):
        preferred_weights(dict.fromkeys(GROUPS, 0.0))


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=15).filter(lambda weights: sum(weights) > 1e-6))
def test_shares_add_up_exactly_and_stay_near(weights: list[float]) -> None:
    whole = shares(weights)
    assert sum(whole) == UNIT
    for weight, share in zip(weights, whole, strict=True):
        assert abs(share - UNIT * weight / sum(weights)) < 1 + 1e-6


def test_remainders_go_to_the_earlier_of_equals() -> None:
    assert shares([1.0, 1.0, 1.0]) == [3334, 3333, 3333]
