"""A table manager that does not lose records after a restart or a rebalance (faust issue 596 and its kin).

Stock Faust, when recovery ends, resumes the partitions of the streams and then seeks them to their committed offsets,
while its fetcher runs and is allowed to hand out records. Three things go wrong, each seen with a joiner that was
killed again and again while videos went through:

- what is fetched in between waits in the queues of the streams, and the last step, which resumes their flow, empties
  these; or it is handed out twice;
- the seek leaves partitions without any committed offset where they are, behind what was dropped: parts were lost;
- an ack behind such a hole is committed, since without a committed offset Faust takes the hole for nothing.

Here the fetcher is brought to a halt first, and every partition is sought by number: to its committed offset, or else
to its earliest record. Only then may records be fetched. Where the broker takes a second to answer, Faust's own
recovery leaves records out (`tests/stream/test_recovery.py`).
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery

from processors.errors import Fatal
from streams.leaving import exit_worker

# A fetch that is under way ends within its own time-out of a second; a thousand looks are ten. Looks, not a time: to a
# process that stood still the time is over at its first look, and the fetch comes to its end before the second.
_LOOKS: Final = 1000
_POLL_S: Final = 0.01


class SafeRecovery(Recovery):  # type: ignore[misc]
    """Recovery after which every stream partition is read from its committed offset, exactly."""

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """Called by Faust when the tables of this worker are rebuilt."""
        await self._seek_streams(generation_id)
        await super().on_recovery_completed(generation_id)

    async def _resume_streams(self, generation_id: int = 0) -> None:
        """Called by Faust after a rebalance when there is nothing to rebuild."""
        await self._seek_streams(generation_id)
        await super()._resume_streams(generation_id)

    async def _seek_streams(self, generation_id: int) -> None:
        consumer = self.app.consumer
        consumer.stop_flow()
        if self.app._fetcher.started and not await parked(self.app._fetcher, consumer):
            exit_worker(Fatal("A fetch did not end when the tables were rebuilt: its records could be lost."))
        partitions = {tp for tp in consumer.assignment() if not self._is_changelog_tp(tp)}
        if not partitions or self.app.consumer_generation_id != generation_id:
            return  # rebalanced again: the next call does it
        committed = await consumer.seek_to_committed()
        earliest = await consumer.earliest_offsets(*partitions)
        for tp in partitions:
            await consumer.seek(tp, committed.get(tp) or earliest.get(tp) or 0)


async def parked(fetcher: Any, consumer: Any) -> bool:
    """Wait until the fetcher waits for leave to go on, or has ended, so that it holds no record; whether it does."""
    for _ in range(_LOOKS):
        if consumer.can_resume_flow._waiters or fetcher.should_stop:
            return True
        await asyncio.sleep(_POLL_S)
    return False


class SafeTableManager(TableManager):  # type: ignore[misc]
    """Faust's table manager with `SafeRecovery`."""

    _recovery: Any

    @property
    def recovery(self) -> Any:
        """The recovery service, made once."""
        made: Any = self._recovery
        if made is None:
            made = self._recovery = SafeRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return made
