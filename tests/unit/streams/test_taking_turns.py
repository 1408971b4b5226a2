"""Partitions of a busy worker take turns; one that never gets its turn, or any in a quiet worker, is a standstill."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.health import Health
from streams.liveness import Limits, Liveness, StoodStill
from streams.settings import Settings

WAITING, BUSY = TopicPartition("waiting", 0), TopicPartition("busy", 0)
LIMITS = Limits(work_s=1_000.0)
EACH_S = 2.0


class Broker:
    """Both sides that the alarm asks, over offsets that the test moves."""

    def __init__(self) -> None:
        self.committed = {WAITING: 3, BUSY: 0}

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {WAITING: 17, BUSY: 1_000}

    async def list_consumer_group_offsets(self, group: str, partitions: list[TopicPartition]) -> dict[Any, Any]:
        return {partition: SimpleNamespace(offset=self.committed[partition]) for partition in partitions}


async def seconds_until_it_leaves(busy: range) -> float:
    """How long the worker stays when the busy partition gets on in these looks, and the other one never."""
    clock: Any = SimpleNamespace(now=100.0, monotonic_s=lambda: clock.now)
    hand: Any = SimpleNamespace(holds=lambda partition: partition == BUSY, still_s=lambda: 0.0)
    consumer = SimpleNamespace(
        assignment=lambda: {WAITING, BUSY}, flow_active=True, _read_offset={}, _acked={}, _committed_offset={},
        _active_partitions=set(), _paused_partitions=set(), _buffered_partitions=set(),
    )  # fmt: skip
    flow = SimpleNamespace(is_active=lambda: True)
    app: Any = SimpleNamespace(
        in_recovery=False, rebalancing=False, consumer=consumer, tables=defaultdict(), flow_control=flow
    )
    broker = Broker()
    liveness = Liveness(app, Settings(), "joiner", hand, Health("joiner", clock), clock, LIMITS)

    async def look_again_and_again() -> None:
        for look in range(1_000):
            broker.committed[BUSY] += look in busy
            await liveness._look_at_offsets(broker, broker)
            clock.now += EACH_S

    with pytest.raises(StoodStill, match="waiting-0 stands still at 3 of 17"):
        await look_again_and_again()
    return clock.now - 100.0


async def test_a_partition_may_wait_for_its_turn_but_not_for_ever():
    assert LIMITS.busy_s <= await seconds_until_it_leaves(range(1_000)) <= LIMITS.busy_s + EACH_S


async def test_a_quiet_worker_with_records_that_wait_leaves_soon():
    assert LIMITS.still_s <= await seconds_until_it_leaves(range(0)) <= LIMITS.still_s + EACH_S


async def test_the_long_wait_is_over_when_the_others_stop():
    looks = int(30 / EACH_S)
    assert 30 <= await seconds_until_it_leaves(range(looks)) <= 30 + LIMITS.still_s + EACH_S
