"""Token buckets: so many requests a minute for each caller, with a burst. Pure; the time is handed in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

# Callers that were quiet for so long have a full bucket anyway.
_FORGET: Final = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass.

    Attributes:
        passes: it may.
        left: requests that may follow at once.
        wait_s: until the next one may; 0 when one may now.
        refill_s: until the bucket is full.
    """

    passes: bool
    left: int
    wait_s: int
    refill_s: int


class Buckets:
    """One bucket a caller.

    Args:
        per_minute: tokens that come back in a minute; 0 for no limit.
        burst: of a full bucket.
    """

    def __init__(self, per_minute: float, burst: int) -> None:
        self.per_minute = per_minute
        self.burst = burst
        self._held: dict[str, _Bucket] = {}

    def take(self, caller: str, now_s: float) -> Verdict:
        """Ask for one token.

        Args:
            caller: whose bucket.
            now_s: a time that never goes back.
        """
        if not self.per_minute:
            return Verdict(True, self.burst, 0, 0)
        rate = self.per_minute / 60
        bucket = self._held.get(caller)
        if bucket is None:
            if len(self._held) >= _FORGET:
                self._held = {who: one for who, one in self._held.items() if (now_s - one.at_s) * rate < self.burst}
            bucket = self._held[caller] = _Bucket(float(self.burst), now_s)
        bucket.tokens = min(float(self.burst), bucket.tokens + (now_s - bucket.at_s) * rate)
        bucket.at_s = now_s
        passes = bucket.tokens >= 1
        if passes:
            bucket.tokens -= 1
        wait = 0.0 if bucket.tokens >= 1 else (1 - bucket.tokens) / rate
        return Verdict(passes, int(bucket.tokens), math.ceil(wait), math.ceil((self.burst - bucket.tokens) / rate))


__all__ = ["Buckets", "Verdict"]
