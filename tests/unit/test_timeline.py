"""Time is integer milliseconds from the container's start; see `processors.timeline`."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors import timeline

time_bases = st.sampled_from([Fraction(1, n) for n in (1, 25, 30, 1000, 12_800, 44_100, 48_000, 90_000)])
pts = st.integers(min_value=-(2**40), max_value=2**40)
zeros = st.fractions(min_value=0, max_value=10_000, max_denominator=90_000)


@given(pts, time_bases, zeros)
def test_pts_is_within_half_a_millisecond_of_the_exact_time_and_never_negative(at, base, zero):
    exact = (at * base - zero) * 1000
    got = timeline.pts_to_ms(at, base, zero)
    assert got >= 0
    assert got == 0 if exact <= 0 else abs(got - exact) <= Fraction(1, 2)


@given(st.lists(pts, min_size=2, max_size=20), time_bases, zeros)
def test_order_is_kept(stamps, base, zero):
    converted = [timeline.pts_to_ms(at, base, zero) for at in sorted(stamps)]
    assert converted == sorted(converted)


@given(st.integers(0, 10**6), st.fractions(0, 100, max_denominator=1000))
def test_an_offset_between_two_streams_survives_a_common_zero(ms, start):
    base = Fraction(1, 1000)
    zero = timeline.container_zero([start, start + Fraction(834, 1000)])
    first = timeline.pts_to_ms(round(start * 1000) + ms, base, zero)
    second = timeline.pts_to_ms(round(start * 1000) + ms + 834, base, zero)
    assert abs((second - first) - 834) <= 1


@given(st.integers(0, 10**7), st.sampled_from([8000, 16000, 44100, 48000]))
def test_milliseconds_to_samples_and_back(ms, rate):
    assert timeline.samples_to_ms(timeline.ms_to_samples(ms, rate), rate) == ms


@given(pts, pts, st.integers(0, 10**6), st.integers(1, 10**6))
def test_clamped_spans_are_inside_and_not_empty(start, end, lower, length):
    first, last = timeline.clamp_span(start, end, lower, lower + length)
    assert lower <= first < last <= lower + length


@pytest.mark.parametrize(
    ("starts", "zero"),
    [([], 0), ([Fraction(0)], 0), ([Fraction(2), Fraction(1)], 1), ([Fraction(-1, 2), Fraction(3)], 0)],
)
def test_zero_is_the_earliest_start_and_never_negative(starts, zero):
    assert timeline.container_zero(starts) == zero


@pytest.mark.parametrize(("ms", "shown"), [(0, "0:00"), (7_999, "0:07"), (725_000, "12:05"), (3_723_000, "1:02:03")])
def test_clock(ms, shown):
    assert timeline.clock(ms) == shown


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: timeline.pts_to_ms(1, Fraction(0)),
        lambda: timeline.samples_to_ms(1, 0),
        lambda: timeline.ms_to_samples(1, -1),
        lambda: timeline.clamp_span(0, 1, 5, 5),
    ],
)
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ValueError, match=r"positive|no room"):
        wrong()


def test_overlap_of_half_open_spans():
    assert timeline.overlap_ms((0, 10), (10, 20)) == 0
    assert timeline.overlap_ms((0, 11), (10, 20)) == 1
