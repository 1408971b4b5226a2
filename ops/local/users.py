"""Who else uses an embedded cluster: an owner that only worked for itself stops it when the last of them is done.

Each user holds a shared lock on one file, which the kernel drops however the user ends.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

USERS_FILE: Final = "users.lock"


class Users:
    """The users of the cluster of a state folder.

    Args:
        state_dir: of the cluster.
    """

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / USERS_FILE
        self._descriptor: int | None = None

    def join(self) -> bool:
        """Become a user; returns False when the owner is about to stop the cluster.

        Raises:
            OSError: the state folder cannot be written.
        """
        return self._lock(fcntl.LOCK_SH)

    def close(self) -> bool:
        """As the owner: let nobody join any more; returns False while there are users."""
        return self._lock(fcntl.LOCK_EX)

    def leave(self) -> None:
        """Give up what `join` or `close` took. Neither is fine."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _lock(self, kind: int) -> bool:
        if self._descriptor is not None:
            return True  # a second descriptor of ours would wait for the first
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True


__all__ = ["Users"]
