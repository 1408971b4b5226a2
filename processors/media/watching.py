"""Notices a server that sends so little that no time-out of a socket ever runs out."""

from __future__ import annotations

import threading
from typing import Final, Self

from processors.media.hosts import PinnedConnection

# A server that drips would hold a worker for ever, in its headers as well: less than 64 KiB in 30 s is as good as
# silence, which is what the socket's own time-out takes for an end.
WINDOW_S: Final = 30.0
WINDOW_BYTES: Final = 1 << 16
TOO_SLOW: Final = f"less than {WINDOW_BYTES:,} bytes came in {WINDOW_S:.0f} s"


class Watch(threading.Thread):
    """Cuts a connection that brings too little; what waits for it then fails like with any lost connection."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.connection: PinnedConnection | None = None  # the one in use
        self.received = 0  # bytes so far
        self.cut = False
        self._done = threading.Event()

    def run(self) -> None:
        seen = (self.connection, 0)
        while not self._done.wait(WINDOW_S):
            if self.connection is seen[0] and self.received - seen[1] < WINDOW_BYTES:
                self.cut = True
                if self.connection is not None:
                    self.connection.cut()
                return
            seen = (self.connection, self.received)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self.join()


__all__ = ["TOO_SLOW", "WINDOW_BYTES", "WINDOW_S", "Watch"]
