"""Commit progress as the sign of life: a worker that stands still while there is work leaves, and starts anew.

Heartbeats go on when records no longer reach the stream (Faust was seen to lose some on their way after a restart, or
to leave a partition paused), and when work hangs, so neither the broker nor the supervisor would notice. Two things
tell: a partition has records behind the committed offset, nothing of it is in hand, and nothing was committed for 10 s,
or for 120 s while other partitions got on, since these take turns; or there is work in hand, and nothing was published
or finished for longer than a single item may take.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Final, Protocol

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from processors.errors import Fatal
from streams import connection, metrics
from streams.admin import connect
from streams.app import MAX_POLL_INTERVAL_S
from streams.clock import Clock
from streams.connection import client_options
from streams.health import Health, Look
from streams.metrics.partitions import Partitions
from streams.settings import Settings

log = logging.getLogger("clipstream.liveness")


class StoodStill(Fatal):
    """Records wait and do not reach the stage, or do not get through it."""


class Hand(Protocol):
    """What a worker has in hand."""

    def holds(self, partition: Any) -> bool:
        """Whether it has unacked records of a partition, or no room for any."""
        ...

    def still_s(self) -> float:
        """How long nothing was published or finished although there is work."""
        ...

    def blocked_s(self) -> float:
        """How long a record has waited for room; while it waits, the client does not poll."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """When to worry, in seconds.

    Args:
        work_s: work in hand may show nothing for so long.
        still_s: a partition with nothing in hand may stand still for so long. Offsets are committed every second;
            10 s is three times the longest pause of a rebalance that was measured (3.5 s).
        busy_s: the same while records of other partitions get through. Faust reads on from a stopped partition when its
            queue has room: of 24 with a backlog each waited for 24 turns of 16 records, 10 s at 40 records a second.
        poll_s: a client that does not poll for so long leaves its group silently.
        each_s: how often to look.
    """

    work_s: float
    still_s: float = 10.0
    busy_s: float = 120.0
    poll_s: float = MAX_POLL_INTERVAL_S
    each_s: float = 2.0


_OUTAGE_S: Final = 2.0  # a look takes milliseconds; aiokafka waits for a broker that is away
_ALARM_SHARE: Final = 0.5  # of the poll interval; then somebody has the other half to act
_ALARM_EACH_S: Final = 600.0
# Above the time-out of an item: its back-off (60 s at most), and its child's start with a model (20 s when cold).
WORK_MARGIN_S: Final = 120.0


class Liveness:
    """Watches the partitions of one worker.

    Args:
        app: its Faust app.
        settings: names of groups.
        agent: its name.
        hand: what it has in hand.
        health: is told what was seen.
        clock: monotonic time.
        limits: None for those of the settings.
    """

    def __init__(
        self,
        app: faust.App,
        settings: Settings,
        agent: str,
        hand: Hand,
        health: Health,
        clock: Clock,
        limits: Limits | None = None,
    ) -> None:
        self._app, self._settings, self._agent = app, settings, agent
        self._hand, self._health = hand, health
        self._clock = clock
        self._limits = limits or Limits(work_s=settings.item_timeout_s + WORK_MARGIN_S)
        self._looked_s = 0.0
        self._moved_s = float("-inf")
        self._alarmed_s = float("-inf")
        self._partitions = Partitions(agent)
        self._since: dict[TopicPartition, tuple[int, float]] = {}  # partition -> (committed offset, since when)

    async def watch(self) -> None:
        """Look again and again; never returns.

        Raises:
            StoodStill: a partition or the work stands still.
        """
        admin = await connect(self._settings)
        asker = AIOKafkaConsumer(**client_options(self._settings), enable_auto_commit=False)
        try:
            await connection.start(asker, self._settings)
            while True:
                await asyncio.sleep(self._limits.each_s)
                self._look_at_work()
                try:
                    await self._look_at_offsets(asker, admin)
                except KafkaError as error:  # the broker is away: nothing can be said of progress
                    log.debug("cannot ask for offsets: %s", error)
                    self._since.clear()
                    self._health.look = Look(still_s=self._hand.still_s())
        finally:
            await connection.stop(asker)
            await connection.stop(admin)

    def _look_at_work(self) -> None:
        still_s, blocked_s = self._hand.still_s(), self._hand.blocked_s()
        metrics.BLOCKED_SECONDS.labels(self._agent).set(blocked_s)
        now = self._clock.monotonic_s()
        if blocked_s > _ALARM_SHARE * self._limits.poll_s and now - self._alarmed_s > _ALARM_EACH_S:
            self._alarmed_s = now
            log.error(
                "no record could be taken for %.0f s; after %.0f s the broker takes this worker's partitions away",
                blocked_s,
                self._limits.poll_s,
            )
        if still_s > self._limits.work_s:
            raise StoodStill(f"There is work in hand, and nothing was published or finished for {still_s:.0f} s.")

    async def _look_at_offsets(self, asker: Any, admin: Any) -> None:
        if self._app.in_recovery or self._app.rebalancing:
            self._since.clear()
            self._health.look = Look(broker=True)
            return
        consumer = self._app.consumer
        tables = {table.changelog_topic.get_topic_name() for table in self._app.tables.values()}
        assigned = [TopicPartition(*tp) for tp in consumer.assignment() if tp.topic not in tables]
        starts, ends = await asker.beginning_offsets(assigned), await asker.end_offsets(assigned)
        group = self._settings.group(self._agent)
        kept = await admin.list_consumer_group_offsets(group, partitions=assigned) if assigned else {}
        now = self._clock.monotonic_s()
        if now - self._looked_s > self._limits.each_s + _OUTAGE_S:
            self._since.clear()  # the broker was away: nobody could get on
        self._looked_s = now
        lag, moved = 0, False
        looks: list[tuple[TopicPartition, int, int]] = []
        still: list[tuple[float, TopicPartition, int]] = []
        for partition in assigned:
            committed = max(0, kept[partition].offset) if partition in kept else 0
            behind = ends[partition] - max(committed, starts[partition])  # what has expired will never be committed
            lag += max(0, behind)
            looks.append((partition, committed, behind))
            known, since = self._since.get(partition, (-1, now))
            moved |= partition in self._since and known != committed
            if behind <= 0 or known != committed or self._hand.holds(partition):
                self._since[partition] = (committed, now)
            else:
                still.append((now - since, partition, committed))
        self._partitions.seen(looks, now)
        if moved:
            self._moved_s = now
        busy = now - self._moved_s < self._limits.still_s
        for since_s, partition, committed in still:
            if since_s >= (self._limits.busy_s if busy else self._limits.still_s):
                log.error("%s", self._described(partition, committed, ends[partition]))
                raise StoodStill(
                    f"{partition.topic}-{partition.partition} stands still at {committed} of {ends[partition]}."
                )
        self._health.look = Look(True, len(assigned), lag, self._hand.still_s())

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


__all__ = ["Hand", "Limits", "Liveness", "StoodStill"]
