"""Ids of events: there and back, and nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.gateway.vector import decode, encode, later, reaches

_OFFSETS = st.lists(st.integers(0, 2**63 - 1), min_size=24, max_size=24)


@given(_OFFSETS)
def test_there_and_back(offsets: list[int]):
    assert decode(encode(offsets), 24) == tuple(offsets)


def test_it_is_short():
    assert len(encode([0] * 24)) == 34
    assert len(encode([1_000_000] * 24)) == 98


@pytest.mark.parametrize(
    "text",
    ["", "A", "AA", "AQ==", "!!!!", "AQ\n", encode([1] * 23), encode([1] * 25), encode([2**63] + [0] * 23),
     "Ag" + "A" * 32, "AQ" + "_" * 300, encode([1] * 24)[:-3] + "_4A"],
)  # fmt: skip
def test_what_is_none(text: str):
    with pytest.raises(ValueError, match="not an event id"):
        decode(text, 24)


@given(_OFFSETS, _OFFSETS)
def test_the_later_of_two_reaches_both(one: list[int], other: list[int]):
    both = later(tuple(one), tuple(other))
    assert reaches(both, one)
    assert reaches(both, other)
    assert reaches(one, both) == (both == tuple(one))
