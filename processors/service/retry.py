"""Tries again what may pass: exponential back-off with jitter, or as long as the service asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from processors.service.failures import Failure

T = TypeVar("T")

TRIES: Final = 3
BASE_S: Final = 1.0  # before the second try; doubles
# A service that wants to be left alone for longer is not waited for: its caller has something else to do meanwhile.
MAX_WAIT_S: Final = 30.0


def retried(
    once: Callable[[], T],
    sleep: Callable[[float], None],
    jitter: Callable[[], float],
    tries: int = TRIES,
    base_s: float = BASE_S,
) -> T:
    """Call until it succeeds.

    Args:
        once: one try; raises `Failure`.
        sleep: waits for seconds.
        jitter: 0..1, another number each time: clients that failed together must not come back together.
        tries: in all, >= 1.
        base_s: first back-off in seconds.

    Raises:
        Failure: the last one, or the first that another try would not mend.
    """
    for number in range(tries):
        try:
            return once()
        except Failure as failure:
            wait_s = base_s * 2**number * (0.5 + jitter())  # half to one and a half of it
            if failure.after_s is not None:
                wait_s = max(failure.after_s, wait_s)
            if not failure.again or number == tries - 1 or wait_s > MAX_WAIT_S:
                raise
        sleep(wait_s)
    raise ValueError(f"at least one try, got {tries}")


__all__ = ["BASE_S", "MAX_WAIT_S", "TRIES", "retried"]
