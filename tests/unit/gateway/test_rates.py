"""Token buckets by a clock that is handed in."""

from __future__ import annotations

from streams.gateway.rates import Buckets


def test_a_burst_and_then_the_rate():
    buckets = Buckets(60.0, 3)
    assert [buckets.take("a", 0.0).passes for _ in range(4)] == [True, True, True, False]
    refused = buckets.take("a", 0.0)
    assert (refused.left, refused.wait_s, refused.refill_s) == (0, 1, 3)
    assert buckets.take("a", 0.9).passes is False
    assert buckets.take("a", 1.0).passes is True
    assert buckets.take("a", 1.0).passes is False
    assert buckets.take("a", 1_000.0).left == 2


def test_callers_have_their_own():
    buckets = Buckets(60.0, 1)
    assert buckets.take("a", 0.0).passes
    assert not buckets.take("a", 0.0).passes
    assert buckets.take("b", 0.0).passes


def test_no_limit():
    buckets = Buckets(0.0, 1)
    assert all(buckets.take("a", 0.0).passes for _ in range(10_000))


def test_many_callers_are_forgotten_when_their_buckets_are_full():
    buckets = Buckets(60.0, 2)
    for number in range(25_000):
        buckets.take(f"caller-{number}", float(number))
    assert len(buckets._held) <= 10_001
