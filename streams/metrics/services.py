"""What the children of a pool say of the services that they asked; they have no port of their own.

A child reports after each job what it did since the last one (`processors.service.tally`), and the state of its
breakers. Between two reports an open breaker's time runs out, so what it is now is reckoned when it is scraped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Any, Final

from streams.clock import SYSTEM_CLOCK, Clock
from streams.metrics.catalogue import (
    BREAKER_STATES,
    BREAKERS,
    OUTCOMES,
    SERVICE_REQUESTS,
    SERVICE_SECONDS,
    SERVICE_TOKENS,
    TOKENS_SECONDS,
)

_SENT: Final = frozenset(OUTCOMES) - {"stopped"}


class Services:
    """What is known of the services that one worker's children ask.

    Args:
        clock: monotonic time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open_until_s: dict[Hashable, list[float | None]] = {}  # child -> its breakers, None for a closed one
        self._stage = ""

    def told(self, stage: str, child: Hashable, report: Mapping[str, Any]) -> None:
        """A child reports.

        Args:
            stage: of the worker.
            child: which one.
            report: `requests`, each (outcome, seconds, tokens); `breakers`, each the seconds for which it stays open,
                0 for one that is half open, None for one that is closed.
        """
        self._stage = stage
        for outcome, seconds, tokens in report["requests"]:
            SERVICE_REQUESTS.labels(stage, outcome).inc()
            if outcome in _SENT:
                SERVICE_SECONDS.labels(stage).observe(seconds)
            if tokens > 0:
                SERVICE_TOKENS.labels(stage).inc(tokens)
                TOKENS_SECONDS.labels(stage).observe(seconds / tokens * 1_000)
        now = self._clock.monotonic_s()
        self._open_until_s[child] = [None if left is None else now + left for left in report["breakers"]]

    def gone(self, child: Hashable) -> None:
        """A child has ended, and its breakers with it."""
        self._open_until_s.pop(child, None)

    def refresh(self) -> None:
        """Set the gauges to what holds now."""
        if not self._stage:
            return
        now = self._clock.monotonic_s()
        known = list(self._open_until_s.values())  # at once: the event loop adds and removes
        found = Counter(_state(until, now) for breakers in known for until in breakers)
        for state in BREAKER_STATES:
            BREAKERS.labels(self._stage, state).set(found[state])


def _state(until_s: float | None, now_s: float) -> str:
    if until_s is None:
        return "CLOSED"
    return "OPEN" if now_s < until_s else "HALF_OPEN"


SERVICES: Final = Services(SYSTEM_CLOCK)

__all__ = ["SERVICES", "Services"]
