"""A worker that was frozen (SIGSTOP, a machine that slept) leaves before it publishes anything.

While it stood, the broker gave its partitions to somebody else. It would notice at its next heartbeat, and until then
write rows and results beside their new owner. A thread looks at the clock each half second; whoever publishes asks
first. So it does not matter which of the two wakes up first: the thread finds the gap, or the other one finds that the
thread has not looked. What the Kafka client had taken over before is still sent: it has the bytes that the new owner
sends, since these follow from the same records.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from processors.errors import Fatal
from streams.leaving import exit_worker

LOOK_EACH_S: Final = 0.5


class WasFrozen(Fatal):
    """The process stood still for longer than its group waits for it."""


class Pulse:
    """Knows whether the process stood still.

    Args:
        limit_s: for so long it may.
        now_s: time that goes on while the machine sleeps.
        leave: ends the process.
    """

    def __init__(self, limit_s: float, now_s: Callable[[], float], leave: Callable[[BaseException], None]) -> None:
        self._limit_s = limit_s
        self._now_s = now_s
        self._leave = leave
        self._looked_s = now_s()

    def check(self) -> None:
        """Leave the process when it was frozen."""
        still_s = self._now_s() - self._looked_s
        if still_s > self._limit_s:
            self._leave(WasFrozen(f"The process stood still for {still_s:.0f} s: its partitions are with others now."))

    def look(self) -> None:
        """What the thread does each half second."""
        self.check()
        self._looked_s = self._now_s()


_pulse: Pulse | None = None


def watch(limit_s: float, now_s: Callable[[], float]) -> None:
    """Leave from now on when the process was frozen for longer than `limit_s`; called once in a worker."""
    global _pulse  # noqa: PLW0603  a process is frozen as a whole
    pulse = _pulse = Pulse(limit_s, now_s, exit_worker)

    def look_again_and_again() -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_EACH_S):
            pulse.look()

    threading.Thread(target=look_again_and_again, name="pulse", daemon=True).start()


def ensure_awake() -> None:
    """Called before anything is published; does not return in a worker that was frozen."""
    if _pulse is not None:
        _pulse.check()


__all__ = ["Pulse", "WasFrozen", "ensure_awake", "watch"]
