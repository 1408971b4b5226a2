"""The lock that the owner of a state folder holds: the kernel drops it when that process ends, however it ends.

So whether an owner lives is never guessed from a process id, which may belong to another program by now.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Final

_POLL_S: Final = 0.02
# A reader that probes holds a shared lock for microseconds; an owner that comes in that moment must not give up.
_PROBE_GRACE_S: Final = 0.5


class OwnerLock:
    """An exclusive lock on a file, held by this process until released.

    Args:
        path: the lock file; it stays when the lock is released.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object has the lock."""
        return self._descriptor is not None

    def acquire(self) -> bool:
        """Take the lock.

        Returns:
            False when another owner has it.

        Raises:
            OSError: the folder cannot be created or written.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline_s = time.monotonic() + _PROBE_GRACE_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline_s:
                    os.close(descriptor)
                    return False
                time.sleep(_POLL_S)
            except BaseException:
                os.close(descriptor)
                raise
            else:
                self._descriptor = descriptor
                return True

    def release(self) -> None:
        """Give the lock back; without it nothing happens."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_owned(path: Path) -> bool:
    """Whether some process, this one included, holds the lock.

    Args:
        path: the lock file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


__all__ = ["OwnerLock", "is_owned"]
