"""Progress records, thinned out: the first of a video at once, then at most one a second with all that came between.
What is kept when the worker stops in order goes out before it does.

They are advice for people. One for each item was a third of all records that were published.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from schemas.messages import Progress
from streams.clock import Clock

# Readers are to see a change within 2 s; half of it leaves room for a busy machine.
EACH_S: Final = 1.0
RUNNING: Final = "running"
_MOST_KNOWN: Final = 1_000  # videos of which the time of the last record is remembered
log = logging.getLogger("clipstream.progress")


class Teller:
    """Thins out the progress of one stage.

    Args:
        send: queues a record; what it raises is only logged where nobody waits for it.
        clock: monotonic time.
    """

    def __init__(self, send: Callable[[Progress], Awaitable[None]], clock: Clock) -> None:
        self._send = send
        self._clock = clock
        self._told_s: dict[tuple[str, int], float] = {}
        self._kept: dict[tuple[str, int], Progress] = {}
        self._later: asyncio.Task[None] | None = None

    async def tell(self, record: Progress) -> None:
        """Send a record, or keep it for the next one of its video; ends and failures are sent at once."""
        key = (record.video_id, record.generation)
        kept = self._kept.pop(key, None)
        if kept is not None:
            record = merged(kept, record)
        now = self._clock.monotonic_s()
        if record.status != RUNNING or now - self._told_s.get(key, float("-inf")) >= EACH_S:
            self._told_s[key] = now
            if len(self._told_s) > _MOST_KNOWN:
                self._told_s = {known: told for known, told in self._told_s.items() if now - told < EACH_S}
            await self._send(record)
            return
        self._kept[key] = record
        if self._later is None:
            self._later = asyncio.ensure_future(self._tell_later())

    async def _tell_later(self) -> None:
        while self._kept:
            await self._clock.sleep(EACH_S)
            await self.flush()
        self._later = None

    async def flush(self) -> None:
        """Send what is kept, without waiting for its time."""
        kept, self._kept = self._kept, {}
        now = self._clock.monotonic_s()
        self._told_s = {key: told for key, told in self._told_s.items() if now - told < EACH_S}
        for key, record in kept.items():
            self._told_s[key] = now
            try:
                await self._send(record)
            except Exception as error:  # a lost progress record costs nothing
                log.debug("progress of %s is not told: %s", record.video_id, error)


def merged(older: Progress, newer: Progress) -> Progress:
    """One record that tells what two of the same stage, video and generation do."""
    positions = [position for position in (older.position_ms, newer.position_ms) if position is not None]
    return replace(
        newer,
        total=older.total if newer.total is None else newer.total,
        position_ms=max(positions, default=None),
        also=[*older.also, older.index],
    )


__all__ = ["EACH_S", "RUNNING", "Teller", "merged"]
