"""The result cache: tiers in order, filled on a hit, passed over when they fail."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.cache import DiskTier, MemoryTier, RedisTier, ResultCache, TierUnavailable

KEY = "ab" * 32


class Broken:
    """A tier that is down."""

    name = "broken"

    def get(self, key: str) -> bytes | None:
        raise TierUnavailable("down")

    def put(self, key: str, value: bytes) -> None:
        raise TierUnavailable("down")


class Counts:
    """Counts what the cache reports."""

    def __init__(self) -> None:
        self.events: Counter[tuple[str, str]] = Counter()

    def __call__(self, event: str, stage: str, tier: str, size_bytes: int) -> None:
        self.events[(event, tier)] += 1


def test_hit_fills_the_tiers_before_it(tmp_path):
    memory, disk = MemoryTier(10), DiskTier(tmp_path)
    ResultCache([disk]).put("s", KEY, [b"1", b"2"])
    counts = Counts()
    cache = ResultCache([memory, disk], counts)
    assert cache.get("s", KEY) == [b"1", b"2"]
    assert cache.get("s", KEY) == [b"1", b"2"]
    assert counts.events[("hit", "disk")] == 1
    assert counts.events[("hit", "memory")] == 1


def test_a_broken_tier_slows_and_never_fails(tmp_path):
    counts = Counts()
    cache = ResultCache([Broken(), DiskTier(tmp_path)], counts)
    cache.put("s", KEY, [b"x"])
    assert cache.get("s", KEY) == [b"x"]
    assert counts.events[("unavailable", "broken")] == 3  # put, get, and filling it after the hit


def test_redis_that_is_not_there_is_unavailable():
    tier = RedisTier("redis://127.0.0.1:1/0", 60)
    with pytest.raises(TierUnavailable):
        tier.get(KEY)


def test_an_entry_cut_short_is_a_miss(tmp_path):
    cache = ResultCache([DiskTier(tmp_path)])
    cache.put("s", KEY, [b"some output" * 50])
    path = next(tmp_path.glob("*/*"))
    path.write_bytes(path.read_bytes()[:-3])
    assert cache.get("s", KEY) is None


def test_memory_forgets_the_least_recently_used():
    tier = MemoryTier(2)
    tier.put("a", b"1")
    tier.put("b", b"2")
    tier.get("a")
    tier.put("c", b"3")
    assert (tier.get("a"), tier.get("b"), tier.get("c")) == (b"1", None, b"3")


def test_no_tiers_never_hit():
    cache = ResultCache([])
    cache.put("s", KEY, [b"x"])
    assert cache.get("s", KEY) is None


@given(st.lists(st.binary(min_size=1, max_size=30).filter(lambda line: b"\n" not in line), max_size=5))
def test_outputs_come_back_as_they_were(outputs):
    cache = ResultCache([MemoryTier(1)])
    cache.put("s", KEY, outputs)
    assert cache.get("s", KEY) == outputs
