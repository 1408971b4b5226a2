"""Commit progress as the sign of life: a worker that stands still while there is work leaves, and starts anew.

Heartbeats go on when records no longer reach the stream (Faust was seen to lose some on their way after a restart, or
to leave a partition paused), so neither the broker nor the supervisor would notice. Offsets tell: a partition has
records behind the committed offset, nothing of it is in hand, and nothing was committed for `STILL_S`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from processors.errors import Fatal
from streams.clock import Clock
from streams.settings import Settings

log = logging.getLogger("clipstream.liveness")
# Offsets are committed every second; three times the longest pause of a rebalance that was measured (3.5 s).
STILL_S: Final = 10.0
EACH_S: Final = 2.0
_OUTAGE_S: Final = 2.0  # a look takes milliseconds; aiokafka waits for a broker that is away


class StoodStill(Fatal):
    """Records wait and do not reach the stage."""


class Liveness:
    """Watches the partitions of one worker.

    Args:
        app: its Faust app.
        settings: names of groups.
        agent: its name.
        in_hand: whether the worker holds records of a partition, or has no room for more.
        clock: monotonic time.
        still_s: how long a partition may stand still.
        each_s: how often to look.
    """

    def __init__(
        self,
        app: faust.App,
        settings: Settings,
        agent: str,
        in_hand: Callable[[Any], bool],
        clock: Clock,
        *,
        still_s: float = STILL_S,
        each_s: float = EACH_S,
    ) -> None:
        self._app, self._settings, self._agent = app, settings, agent
        self._in_hand = in_hand
        self._clock = clock
        self._still_s, self._each_s = still_s, each_s
        self._looked_s = 0.0
        self._since: dict[TopicPartition, tuple[int, float]] = {}  # partition -> (committed offset, since when)

    async def watch(self) -> None:
        """Look again and again; never returns.

        Raises:
            StoodStill: a partition stands still.
        """
        # in the group, but not a member: it is assigned by hand, and only asks
        asker = AIOKafkaConsumer(
            bootstrap_servers=self._settings.bootstrap_servers(),
            group_id=self._settings.group(self._agent),
            enable_auto_commit=False,
        )
        await asker.start()
        try:
            while True:
                await asyncio.sleep(self._each_s)
                try:
                    await self._look(asker)
                except KafkaError as error:  # the broker is away: nothing can be said of progress
                    log.debug("cannot ask for offsets: %s", error)
                    self._since.clear()
        finally:
            await asker.stop()

    async def _look(self, asker: AIOKafkaConsumer) -> None:
        if self._app.in_recovery or self._app.rebalancing:
            self._since.clear()
            return
        consumer = self._app.consumer
        tables = {table.changelog_topic.get_topic_name() for table in self._app.tables.values()}
        assigned = [TopicPartition(*tp) for tp in consumer.assignment() if tp.topic not in tables]
        starts, ends = await asker.beginning_offsets(assigned), await asker.end_offsets(assigned)
        offsets = {partition: await asker.committed(partition) or 0 for partition in assigned}
        now = self._clock.monotonic_s()
        if now - self._looked_s > self._each_s + _OUTAGE_S:
            self._since.clear()  # the broker was away: nobody could get on
        self._looked_s = now
        for partition, committed in offsets.items():
            behind = ends[partition] > max(committed, starts[partition])  # what has expired will never be committed
            known, since = self._since.get(partition, (-1, now))
            if not behind or known != committed or self._in_hand(partition):
                self._since[partition] = (committed, now)
            elif now - since >= self._still_s:
                log.error("%s", self._described(partition, committed, ends[partition]))
                raise StoodStill(
                    f"{partition.topic}-{partition.partition} stands still at {committed} of {ends[partition]}."
                )

    def _described(self, partition: TopicPartition, committed: int, end: int) -> str:
        """What Faust thinks of a partition, for whoever looks for the cause."""
        consumer = self._app.consumer
        return (
            f"{partition} committed {committed}, end {end}; "
            f"read to {consumer._read_offset.get(partition)}, acked {consumer._acked.get(partition)}, "
            f"committed as Faust knows {consumer._committed_offset.get(partition)}, "
            f"active {partition in consumer._active_partitions}, paused {partition in consumer._paused_partitions}, "
            f"buffered {partition in consumer._buffered_partitions}, flow {consumer.flow_active} "
            f"{self._app.flow_control.is_active()}"
        )


__all__ = ["Liveness", "StoodStill"]
