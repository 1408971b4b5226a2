"""Whether a process that somebody noted is still there."""

from __future__ import annotations

from typing import Final

import psutil

_SAME_START_S: Final = 1.0  # the clock of the kernel is read anew for each answer


def lives(pid: int, created_s: float | None = None) -> bool:
    """Whether a process works still: a zombie does not, and in a container whose first process reaps nobody it stays.

    Args:
        pid: its number.
        created_s: when it began, seconds since 1970, which tells it from a later one of that number; None for any.
    """
    try:
        process = psutil.Process(pid)
        same = created_s is None or abs(process.create_time() - created_s) < _SAME_START_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


__all__ = ["lives"]
