"""Stops asking a service that fails: a circuit breaker (Nygard, Release It!, 2007), the time handed in.

::

    closed --- failures in a row, or one that will not pass by itself ---> open
    open   --- its time is over ---> half-open: one request is let through
    half-open --- it succeeds ---> closed,   --- it fails ---> open
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Literal

FAILURES: Final = 5  # in a row; a request with its retries makes up to 3
# One request in so many seconds is asked of a service that is down. The local model does some ten chunks meanwhile.
OPEN_S: Final = 30.0

State = Literal["closed", "open", "half-open"]


class Breaker:
    """The breaker of one service in one process; may be used by several threads.

    Args:
        clock: seconds that only go forward.
        failures: in a row that open it, >= 1.
        open_s: how long it stays open.
    """

    def __init__(self, clock: Callable[[], float], failures: int = FAILURES, open_s: float = OPEN_S) -> None:
        self._clock, self._limit, self._open_s = clock, failures, open_s
        self._lock = threading.Lock()
        self._failures = 0
        self._until: float | None = None  # open until then
        self._probing = False
        self.reason = ""  # of the last failure

    @property
    def state(self) -> State:
        """What it is now."""
        if self._until is None:
            return "closed"
        return "open" if self._clock() < self._until else "half-open"

    def open_s(self) -> float | None:
        """For how many seconds it stays open; 0 when it is half open, None when it is closed."""
        until = self._until
        return None if until is None else max(0.0, until - self._clock())

    def blocked_s(self) -> float:
        """Seconds for which no request may be made; 0 lets one through, whose outcome must then be told.

        While the one request of the half-open state is under way, others wait for its outcome like for an open one.
        """
        with self._lock:
            if self._until is None:
                return 0.0
            left = self._until - self._clock()
            if left > 0:
                return left
            if self._probing:
                return self._open_s
            self._probing = True
            return 0.0

    def succeeded(self) -> None:
        """A request was answered, be it with a refusal of what was in it."""
        with self._lock:
            self._failures, self._until, self._probing = 0, None, False

    def failed(self, reason: str, at_once: bool = False) -> None:
        """A request failed.

        Args:
            reason: a sentence, told to those who are stopped.
            at_once: the next one would fail as well (a wrong key): open without waiting for more.
        """
        with self._lock:
            self._failures += 1
            self.reason = reason
            if at_once or self._probing or self._failures >= self._limit:
                self._until = self._clock() + self._open_s
            self._probing = False


__all__ = ["FAILURES", "OPEN_S", "Breaker", "State"]
