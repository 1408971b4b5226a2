"""Keeps within what a service allows per minute: a token bucket, the time handed in.

A bucket fills at a steady rate up to a few seconds' worth. A request takes its tokens at once and waits until the debt
that it leaves is paid off, so requests larger than the bucket pass too, and the mean rate is never above the limit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

# What may go out in one burst after a pause. Services count by the minute: with a whole minute's worth, the last burst
# of one minute and the first of the next would come to twice the limit.
_BURST_S: Final = 5.0


class TokenBucket:
    """A rate limit for one process.

    Args:
        per_minute: tokens in a minute, > 0; a token is a request, a byte or whatever is counted.
        clock: seconds that only go forward.
    """

    def __init__(self, per_minute: float, clock: Callable[[], float]) -> None:
        if per_minute <= 0:
            raise ValueError(f"a bucket fills by more than 0 a minute, got {per_minute}")
        self._rate = per_minute / 60.0
        self._capacity = max(1.0, self._rate * _BURST_S)
        self._level = self._capacity
        self._clock = clock
        self._at = clock()

    def wait_s(self, amount: float) -> float:
        """Seconds to wait, >= 0, if that many tokens (>= 0) were taken now."""
        now = self._clock()
        self._level = min(self._capacity, self._level + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (amount - self._level) / self._rate)

    def reserve(self, amount: float) -> float:
        """Take tokens; returns the seconds to wait before doing what they are for, >= 0."""
        wait_s = self.wait_s(amount)
        self._level -= amount
        return wait_s


class Limits:
    """Requests, bytes and a model's tokens per minute together; 0 for no limit of that kind."""

    def __init__(
        self,
        requests_per_minute: float,
        bytes_per_minute: float,
        clock: Callable[[], float],
        tokens_per_minute: float = 0.0,
    ) -> None:
        self._requests = TokenBucket(requests_per_minute, clock) if requests_per_minute else None
        self._bytes = TokenBucket(bytes_per_minute, clock) if bytes_per_minute else None
        self._tokens = TokenBucket(tokens_per_minute, clock) if tokens_per_minute else None

    def wait_s(self, size: int, tokens: int = 0) -> float:
        """Seconds that one request of that many bytes, and tokens of a model, would have to wait now."""
        return max((bucket.wait_s(amount) for bucket, amount in self._taken(size, tokens)), default=0.0)

    def reserve(self, size: int, tokens: int = 0) -> float:
        """Seconds to wait before one request of that many bytes and tokens; all limits are charged with it."""
        return max((bucket.reserve(amount) for bucket, amount in self._taken(size, tokens)), default=0.0)

    def _taken(self, size: int, tokens: int) -> list[tuple[TokenBucket, int]]:
        each = ((self._requests, 1), (self._bytes, size), (self._tokens, tokens))
        return [(bucket, amount) for bucket, amount in each if bucket is not None]


__all__ = ["Limits", "TokenBucket"]
