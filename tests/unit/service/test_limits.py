from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.service.limits import Limits, TokenBucket


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    clock = Clock()
    bucket = TokenBucket(60, clock)  # one a second, five at once
    assert [bucket.reserve(1) for _ in range(7)] == [0, 0, 0, 0, 0, 1, 2]
    clock.now += 2
    assert bucket.reserve(1) == 1
    clock.now += 1_000
    assert [bucket.reserve(1) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_more_than_the_bucket_holds_waits_once_and_passes() -> None:
    clock = Clock()
    bucket = TokenBucket(60, clock)
    assert bucket.reserve(65) == 60
    clock.now += 60
    assert bucket.reserve(1) == 1


def test_a_slow_limit_lets_one_through_at_once() -> None:
    clock = Clock()
    bucket = TokenBucket(1, clock)
    assert bucket.reserve(1) == 0
    assert bucket.reserve(1) == 60


@pytest.mark.parametrize("per_minute", [0, -1])
def test_a_bucket_that_never_fills_is_refused(per_minute: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        TokenBucket(per_minute, Clock())


def test_both_limits_count_and_none_waits_for_nothing() -> None:
    assert Limits(0, 0, Clock()).reserve(10**9) == 0
    limits = Limits(600, 60_000, Clock())  # 10 requests and 1,000 bytes a second
    assert limits.reserve(5_000) == 0
    assert limits.reserve(2_000) == 2
    assert Limits(60, 10**9, Clock()).reserve(1) == 0
    tokens = Limits(0, 0, Clock(), 60_000)  # 1,000 tokens a second
    assert tokens.reserve(10**9) == 0, "what has no tokens does not wait for them"
    assert tokens.reserve(1, 5_000) == 0
    assert tokens.wait_s(1, 2_000) == tokens.reserve(1, 2_000) == 2


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 50)), max_size=40), st.floats(1, 1_000))
def test_never_more_than_the_rate_and_one_burst(requests: list[tuple[float, float]], per_minute: float) -> None:
    """One after the other, each waits as it is told: what went out by any moment stays below the line."""
    clock = Clock()
    bucket = TokenBucket(per_minute, clock)
    burst, sent = max(1.0, per_minute / 12), 0.0
    for pause_s, amount in requests:
        clock.now += pause_s
        clock.now += bucket.reserve(amount)
        sent += amount
        assert sent <= burst + (clock.now - 100.0) * per_minute / 60 + 1e-6
