"""What became of a process that a test watches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

import psutil

T = TypeVar("T")


def alive(process: psutil.Process) -> bool:
    """Whether it runs still; it may end while it is asked."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def told(processes: Iterable[psutil.Process], ask: Callable[[psutil.Process], T]) -> list[tuple[psutil.Process, T]]:
    """What each of them says; one that has ended since they were listed says nothing."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # a zombie is one of these
            found.append((process, ask(process)))
    return found


__all__ = ["alive", "told"]
