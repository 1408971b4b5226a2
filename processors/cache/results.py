"""The result cache: what a stage computed for an input, found again by everything that it depends on.

Tiers are asked in order, a hit fills the tiers before it. A tier that fails is passed over and counted: a broken or
absent Redis slows the work and never fails it. Values are JSON, compressed, with a checksum; never pickles.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Final

from processors.cache.tiers import Tier, TierUnavailable

_LEVEL: Final = 1  # transcripts shrink to a quarter at level 1; level 6 saves 5 % more at three times the cost
Count = Callable[[str, str, str, int], None]


def _no_count(event: str, stage: str, tier: str, size_bytes: int) -> None:
    return


class ResultCache:
    """Looks up and keeps the outputs of stages.

    Args:
        tiers: fastest first; none makes a cache that never hits.
        count: called with (event, stage, tier, bytes); events are "hit", "miss", "put", "unavailable".
    """

    def __init__(self, tiers: Sequence[Tier], count: Count = _no_count) -> None:
        self._tiers = tuple(tiers)
        self._count = count

    def get(self, stage: str, key: str) -> list[bytes] | None:
        """The outputs kept under the key, or None."""
        for position, tier in enumerate(self._tiers):
            try:
                packed = tier.get(key)
            except TierUnavailable:
                self._count("unavailable", stage, tier.name, 0)
                continue
            outputs = None if packed is None else _unpack(packed)
            if packed is None or outputs is None:
                self._count("miss", stage, tier.name, 0)
                continue
            self._count("hit", stage, tier.name, len(packed))
            self._fill(self._tiers[:position], stage, key, packed)
            return outputs
        return None

    def put(self, stage: str, key: str, outputs: list[bytes]) -> None:
        """Keep outputs, each of which is JSON, in all tiers."""
        self._fill(self._tiers, stage, key, _pack(outputs))

    def _fill(self, tiers: Sequence[Tier], stage: str, key: str, packed: bytes) -> None:
        for tier in tiers:
            try:
                tier.put(key, packed)
            except TierUnavailable:
                self._count("unavailable", stage, tier.name, 0)
            else:
                self._count("put", stage, tier.name, len(packed))


def _pack(outputs: list[bytes]) -> bytes:
    # JSON without line breaks inside, so lines keep the outputs apart
    return zlib.compress(b"\n".join(outputs), _LEVEL)


def _unpack(packed: bytes) -> list[bytes] | None:
    """The outputs, or None for an entry that was cut short or overwritten: zlib ends with a checksum."""
    try:
        body = zlib.decompress(packed)
    except zlib.error:
        return None
    return body.split(b"\n") if body else []
