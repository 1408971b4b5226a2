"""The result cache: what a stage computed for an input, found again by everything that it depends on.

Tiers are asked in order, a hit fills the tiers before it. A tier that fails is passed over and counted, and left alone
for some seconds: a broken, absent or hanging Redis slows the work a little and never fails it. Values are JSON,
compressed, with their key and a checksum; never pickles. What does not bear its key is a miss.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Final

from processors.cache.tiers import Tier, TierUnavailable

# Ten times the outputs of a 12-hour video. Whoever can write to a shared Redis must not fill a worker's memory.
_MAX_UNPACKED: Final = 256 * 2**20
_LEVEL: Final = 1  # transcripts shrink to a quarter at level 1; level 6 saves 5 % more at three times the cost
Count = Callable[[str, str, str, int], None]


def _no_count(event: str, stage: str, tier: str, size_bytes: int) -> None:
    return


class ResultCache:
    """Looks up and keeps the outputs of stages.

    Args:
        tiers: fastest first; none makes a cache that never hits.
        now_s: monotonic time in seconds.
        count: called with (event, stage, tier, bytes); events are "hit", "miss", "put", "unavailable".
    """

    def __init__(self, tiers: Sequence[Tier], now_s: Callable[[], float], count: Count = _no_count) -> None:
        self._tiers = tuple(tiers)
        self._count = count
        self._now_s = now_s
        self._alone_until_s: dict[str, float] = {}  # by name of the tier

    def get(self, stage: str, key: str) -> list[bytes] | None:
        """The outputs kept under the key, or None."""
        for position, tier in enumerate(self._tiers):
            if self._is_left_alone(tier, stage):
                continue
            try:
                packed = tier.get(key)
            except TierUnavailable:
                self._failed(tier, stage)
                continue
            outputs = None if packed is None else _unpack(key, packed)
            if packed is None or outputs is None:
                self._count("miss", stage, tier.name, 0)
                continue
            self._count("hit", stage, tier.name, len(packed))
            self._fill(self._tiers[:position], stage, key, packed)
            return outputs
        return None

    def put(self, stage: str, key: str, outputs: list[bytes]) -> None:
        """Keep outputs, each of which is JSON, in all tiers."""
        self._fill(self._tiers, stage, key, _pack(key, outputs))

    def _fill(self, tiers: Sequence[Tier], stage: str, key: str, packed: bytes) -> None:
        for tier in tiers:
            if self._is_left_alone(tier, stage):
                continue
            try:
                kept = tier.put(key, packed)
            except TierUnavailable:
                self._failed(tier, stage)
                continue
            if kept:
                self._count("put", stage, tier.name, len(packed))

    def _is_left_alone(self, tier: Tier, stage: str) -> bool:
        alone = self._now_s() < self._alone_until_s.get(tier.name, 0.0)
        if alone:
            self._count("unavailable", stage, tier.name, 0)
        return alone

    def _failed(self, tier: Tier, stage: str) -> None:
        self._count("unavailable", stage, tier.name, 0)
        if tier.pause_s:
            self._alone_until_s[tier.name] = self._now_s() + tier.pause_s


def _pack(key: str, outputs: list[bytes]) -> bytes:
    # JSON without line breaks inside, so lines keep the outputs apart
    return zlib.compress(b"\n".join([key.encode(), *outputs]), _LEVEL)


def _unpack(key: str, packed: bytes) -> list[bytes] | None:
    """The outputs, or None for an entry that was cut short, overwritten, or put there by something else."""
    unpacking = zlib.decompressobj()
    try:
        body = unpacking.decompress(packed, _MAX_UNPACKED)
    except zlib.error:
        return None
    if not unpacking.eof:  # cut short, or too large; at its end zlib has compared its checksum
        return None
    first, *outputs = body.split(b"\n")
    return outputs if first == key.encode() else None
