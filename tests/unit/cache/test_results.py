"""The result cache: tiers in order, filled on a hit, passed over and left alone when they fail."""

from __future__ import annotations

import zlib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import processors
from processors.cache import DiskTier, MemoryTier, RedisTier, ResultCache, Tier, TierUnavailable, results

KEY, OTHER = "ab" * 32, "cd" * 32
PICKLE = b"\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00]\x94\x8c\x08a pickle\x94a."  # of a list


class Now:
    """Monotonic time that tests move."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


class Flaky:
    """A tier that is down until it is told otherwise, and knows how often it was asked."""

    name = "flaky"
    pause_s = 5.0

    def __init__(self) -> None:
        self.down, self.asked = True, 0
        self.entries: dict[str, bytes] = {}

    def _answer(self) -> None:
        self.asked += 1
        if self.down:
            raise TierUnavailable("down")

    def get(self, key: str) -> bytes | None:
        self._answer()
        return self.entries.get(key)

    def put(self, key: str, value: bytes) -> bool:
        self._answer()
        self.entries[key] = value
        return True


class Counts:
    """Counts what the cache reports."""

    def __init__(self) -> None:
        self.events: Counter[tuple[str, str]] = Counter()
        self.bytes: Counter[tuple[str, str]] = Counter()

    def __call__(self, event: str, stage: str, tier: str, size_bytes: int) -> None:
        self.events[(event, tier)] += 1
        self.bytes[(event, tier)] += size_bytes


def cache_of(*tiers: Tier, counts: Counts | None = None, now: Now | None = None) -> ResultCache:
    return ResultCache(tiers, now or Now(), counts or Counts())


def test_hit_fills_the_tiers_before_it(tmp_path):
    memory, disk = MemoryTier(10), DiskTier(tmp_path)
    cache_of(disk).put("s", KEY, [b"1", b"2"])
    counts = Counts()
    cache = cache_of(memory, disk, counts=counts)
    assert cache.get("s", KEY) == [b"1", b"2"]
    assert cache.get("s", KEY) == [b"1", b"2"]
    assert counts.events == {("miss", "memory"): 1, ("hit", "disk"): 1, ("put", "memory"): 1, ("hit", "memory"): 1}
    size = next(tmp_path.glob("*/*")).stat().st_size
    assert counts.bytes[("hit", "disk")] == counts.bytes[("put", "memory")] == size


def test_a_tier_that_is_down_slows_and_never_fails(tmp_path):
    counts = Counts()
    cache = cache_of(Flaky(), DiskTier(tmp_path), counts=counts)
    cache.put("s", KEY, [b"x"])
    assert cache.get("s", KEY) == [b"x"]
    assert counts.events[("unavailable", "flaky")] == 3  # put, get, and filling it after the hit


def test_a_tier_that_is_down_is_left_alone_for_some_seconds(tmp_path):
    flaky, now = Flaky(), Now()
    cache = cache_of(flaky, DiskTier(tmp_path), now=now)
    for number in range(100):
        cache.put("s", f"{number:064}", [b"x"])
        assert cache.get("s", f"{number:064}") == [b"x"]
    assert flaky.asked == 1
    now.s += flaky.pause_s - 0.1
    cache.get("s", KEY)
    assert flaky.asked == 1
    now.s += 0.1
    cache.get("s", KEY)  # still down: left alone again
    cache.get("s", KEY)
    assert flaky.asked == 2
    now.s += flaky.pause_s
    flaky.down = False
    cache.put("s", KEY, [b"y"])
    assert cache.get("s", KEY) == [b"y"]
    assert flaky.asked == 4


def test_a_full_disk_still_gives_what_it_has(tmp_path, monkeypatch):
    cache = cache_of(DiskTier(tmp_path))
    cache.put("s", KEY, [b"x"])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    cache.put("s", OTHER, [b"y"])
    assert cache.get("s", KEY) == [b"x"]


def test_redis_that_is_not_there_is_unavailable():
    tier = RedisTier("redis://127.0.0.1:1/0", 60)
    with pytest.raises(TierUnavailable):
        tier.get(KEY)


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"garbage",
        PICKLE,
        zlib.compress(PICKLE),
        zlib.compress(b""),
        zlib.compress(b"valid zlib of something else"),
        zlib.compress(f"{OTHER}\n{{}}".encode()),  # the entry of another key
        zlib.compress(f"{KEY}\n{{}}".encode())[:-3],
        zlib.compress(b"x" * 10_000)[:40],
    ],
)
def test_what_is_no_entry_of_the_key_is_a_miss(tmp_path, entry):
    disk, counts = DiskTier(tmp_path), Counts()
    disk.put(KEY, entry)
    cache = cache_of(disk, counts=counts)
    assert cache.get("s", KEY) is None
    assert counts.events == {("miss", "disk"): 1}
    cache.put("s", KEY, [b"{}"])
    assert cache.get("s", KEY) == [b"{}"]


def test_an_entry_that_grows_without_end_is_a_miss(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "_MAX_UNPACKED", 1_000)
    disk = DiskTier(tmp_path)
    disk.put(KEY, zlib.compress(KEY.encode() + b"\n" + b"0" * 1_000_000))
    assert cache_of(disk).get("s", KEY) is None


def test_nothing_is_ever_pickled():
    """Not in the cache, and not in anything that computes or reads for it."""
    found = [
        path.name for path in Path(processors.__file__).parent.rglob("*.py") if "import pickle" in path.read_text()
    ]
    assert found == []


def test_memory_forgets_the_least_recently_used():
    tier = MemoryTier(2)
    tier.put("a", b"1")
    tier.put("b", b"2")
    tier.get("a")
    tier.put("c", b"3")
    assert (tier.get("a"), tier.get("b"), tier.get("c")) == (b"1", None, b"3")


def test_memory_is_bounded_in_bytes():
    tier = MemoryTier(100, max_bytes=10)
    assert tier.put("a", b"1234")
    assert tier.put("b", b"1234")
    assert tier.put("b", b"123456")
    assert (tier.get("a"), tier.get("b")) == (b"1234", b"123456")
    assert tier.put("c", b"1")
    assert tier.get("a") is None
    assert not tier.put("d", b"x" * 11)
    assert tier.get("d") is None


def test_no_tiers_never_hit():
    cache = cache_of()
    cache.put("s", KEY, [b"x"])
    assert cache.get("s", KEY) is None


@given(st.lists(st.binary(min_size=1, max_size=30).filter(lambda line: b"\n" not in line), max_size=5))
def test_outputs_come_back_as_they_were(outputs):
    cache = cache_of(MemoryTier(1))
    cache.put("s", KEY, outputs)
    assert cache.get("s", KEY) == outputs
