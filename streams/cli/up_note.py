"""`supervisor.pid`: which `clipstream up` works for a state folder, from the moment that it is started.

::

    PID CREATED STATE     the process, when it was created (a pid may be another program's by now), and how far it is
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

import psutil

from ops.local.alive import lives
from ops.local.owner_lock import OwnerLock
from processors.errors import ClipstreamError

NOTE_FILE: Final = "supervisor.pid"
_LOCK_FILE: Final = "up.lock"

State = Literal["starting", "running", "stopping"]


@dataclass(frozen=True, slots=True)
class Up:
    """An `up` that lives."""

    pid: int
    state: State


def read_up(data_dir: Path) -> Up | None:
    """The `up` of a state folder; None without one."""
    try:
        pid, created, state = (data_dir / NOTE_FILE).read_text().split()
        alive = lives(int(pid), float(created))
    except (FileNotFoundError, ValueError):
        return None
    return Up(int(pid), cast(State, state)) if alive else None


def note_up(data_dir: Path, pid: int, state: State) -> None:
    """Note how far an `up` is.

    Raises:
        OSError: the state folder cannot be written.
    """
    note = data_dir / NOTE_FILE
    temporary = note.with_name(f".{NOTE_FILE}-{os.getpid()}")
    temporary.write_text(f"{pid} {psutil.Process(pid).create_time()} {state}")
    temporary.replace(note)


def forget_up(data_dir: Path, pid: int) -> None:
    """Remove the note of an `up` that has ended, unless there is another's by now."""
    noted = read_up(data_dir)
    if noted is None or noted.pid == pid:
        (data_dir / NOTE_FILE).unlink(missing_ok=True)


@contextmanager
def one_at_a_time(data_dir: Path) -> Iterator[None]:
    """To look who is there and to note oneself, as one step.

    Raises:
        ClipstreamError: another one looks for longer than it takes.
        OSError: the state folder cannot be written.
    """
    lock = OwnerLock(data_dir / _LOCK_FILE)
    if not lock.acquire():
        raise ClipstreamError("Another `clipstream up` comes at this very moment.", "Try again in some seconds.")
    try:
        yield
    finally:
        lock.release()


__all__ = ["State", "Up", "forget_up", "note_up", "one_at_a_time", "read_up"]
