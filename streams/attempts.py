"""Tries that ended with the death of their worker, counted on disk: an input that kills its parent is bounded too.

While an item is worked on, a small file names it. A worker that dies leaves the file behind, and whoever takes the item
next on that host finds it. A worker that ends in order, or because its environment is broken, takes its files away: the
item is not to blame. What killed a worker is among the items that it worked on, so these run alone from then on.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psutil

from ops.local.alive import lives
from streams.clock import Clock

# A worker that is killed for other reasons takes its items with it as well: five in a row on one item is no chance
# (in storms of kills at each 10 s, the same item was met twice at most).
MAX_WORKER_DEATHS: Final = 5
# A note that nobody asked for again belongs to an item that another host took.
_FORGOTTEN_AFTER_S: Final = 7 * 86_400.0


class Attempts:
    """The notes of one agent's workers on this host.

    Args:
        folder: made when it is not there; shared by all workers of the agent.
        clock: to forget old notes.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._mine: set[Path] = set()
        self._owner = f"{os.getpid()} {psutil.Process().create_time()}"
        folder.mkdir(parents=True, exist_ok=True)
        for note in folder.iterdir():
            with suppress(FileNotFoundError):  # another worker is through with it
                if clock.now_ms() / 1000 - note.stat().st_mtime > _FORGOTTEN_AFTER_S:
                    note.unlink()

    def deaths(self, record: Any) -> int:
        """Workers that died while they worked on a record (with `topic`, `partition`, `offset`)."""
        try:
            deaths, pid, started = self._path(record).read_text().split()
            return int(deaths) + (not lives(int(pid), float(started)))
        except (FileNotFoundError, ValueError):
            return 0

    def begin(self, record: Any, deaths: int) -> None:
        """Work on a record begins in this process; so many died at it before."""
        path = self._path(record)
        path.write_text(f"{deaths} {self._owner}")
        self._mine.add(path)

    def end(self, record: Any) -> None:
        """It is through, with whatever outcome."""
        path = self._path(record)
        self._mine.discard(path)
        if self._is_mine(path):
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """This process ends for reasons of its own: what it works on is not to blame. Earlier deaths stay counted."""
        for path in self._mine:
            with suppress(OSError, ValueError):
                deaths, _, owner = path.read_text().partition(" ")
                if owner != self._owner:
                    continue  # the item went to another worker meanwhile
                if deaths == "0":
                    path.unlink(missing_ok=True)
                else:
                    # one less, since whoever finds it counts the death of this process
                    path.write_text(f"{int(deaths) - 1} {self._owner}")
        self._mine.clear()

    def _is_mine(self, path: Path) -> bool:
        """Whether a note is this process's: its item may have gone to another worker meanwhile."""
        try:
            return path.read_text().partition(" ")[2] == self._owner
        except FileNotFoundError:
            return False

    def _path(self, record: Any) -> Path:
        return self._folder / f"{record.topic}-{record.partition}-{record.offset}"


class Isolation:
    """Lets works run side by side, and suspects alone; a suspect that waits goes first."""

    def __init__(self) -> None:
        self._running = 0
        self._suspects = 0  # waiting or running
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def entered(self, *, alone: bool) -> AsyncIterator[None]:
        """Work inside; `alone` waits until nothing else runs."""
        async with self._changed:
            if alone:
                self._suspects += 1
                await self._changed.wait_for(lambda: self._running == 0)
            else:
                await self._changed.wait_for(lambda: self._suspects == 0)
            self._running += 1
        try:
            yield
        finally:
            async with self._changed:
                self._running -= 1
                self._suspects -= alone
                self._changed.notify_all()


__all__ = ["MAX_WORKER_DEATHS", "Attempts", "Isolation"]
