"""The alarm for records that no longer reach their stage, against the offsets of a real broker."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete

from streams import connection
from streams.clock import SYSTEM_CLOCK
from streams.health import Health
from streams.liveness import Limits, Liveness, StoodStill

pytestmark = [pytest.mark.stream, pytest.mark.timeout(180)]
STILL_S = 0.5


@pytest.fixture
async def partition(cluster_settings) -> TopicPartition:
    """A partition with three records, of which a group has committed one."""
    servers = cluster_settings.bootstrap_servers()
    found = TopicPartition("standing", 0)
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    if "standing" not in await admin.list_topics():
        await admin.create_topics([NewTopic("standing", 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for number in range(3):
            await producer.send_and_wait("standing", str(number).encode())
    await commit(cluster_settings, found, 1)
    return found


async def behind(settings, partition: TopicPartition) -> int:
    """Records behind the group's committed offset, which is 1, that have not expired."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers())
    await consumer.start()
    start = (await consumer.beginning_offsets([partition]))[partition]
    end = (await consumer.end_offsets([partition]))[partition]
    await consumer.stop()
    return end - max(1, start)


async def commit(settings, partition: TopicPartition, offset: int) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers(), group_id=settings.group("standing"), enable_auto_commit=False
    )
    await consumer.start()
    consumer.assign([partition])
    await consumer.commit({partition: offset})
    await consumer.stop()


@dataclass
class Held:
    """What a worker has in hand."""

    holds: Callable[[object], bool] = lambda _: False
    work_s: float = 0.0
    waits_s: float = 0.0

    def still_s(self) -> float:
        return self.work_s

    def blocked_s(self) -> float:
        return self.waits_s


def watched(settings, partition: TopicPartition, hand: Held, health: Health | None = None) -> Liveness:
    """The alarm over a worker that has this partition and does nothing."""
    nothing: dict = {}
    consumer = SimpleNamespace(
        assignment=lambda: {partition}, flow_active=True, _read_offset=nothing, _acked=nothing,
        _committed_offset=nothing, _active_partitions=set(), _paused_partitions=set(), _buffered_partitions=set(),
    )  # fmt: skip
    flow = SimpleNamespace(is_active=lambda: True)
    app = SimpleNamespace(in_recovery=False, rebalancing=False, consumer=consumer, tables={}, flow_control=flow)
    limits = Limits(work_s=60.0, still_s=STILL_S, poll_s=100.0, each_s=0.1)
    return Liveness(app, settings, "standing", hand, health or Health("standing", SYSTEM_CLOCK), SYSTEM_CLOCK, limits)


async def test_a_partition_that_stands_still_ends_the_worker(cluster_settings, partition):
    with pytest.raises(StoodStill, match="standing-0 stands still at 1 of"):
        await asyncio.wait_for(watched(cluster_settings, partition, Held()).watch(), 30)


async def test_records_that_have_expired_are_no_reason_to_leave(cluster_settings, partition):
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster_settings.bootstrap_servers())
    await admin.start()
    await admin.delete_records({partition: RecordsToDelete(before_offset=-1)})
    await admin.close()
    health = Health("standing", SYSTEM_CLOCK)
    watch = asyncio.create_task(watched(cluster_settings, partition, Held(), health).watch())
    async with asyncio.timeout(30):
        while not health.look.broker:
            assert not watch.done(), watch
            await asyncio.sleep(0.05)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(watch, 6 * STILL_S)
    assert (health.look.broker, health.look.partitions, health.look.lag) == (True, 1, 0)


async def test_who_is_cancelled_before_it_can_look_leaves_no_client(cluster_settings, partition, monkeypatch):
    clients: list = []

    async def start(client: object, settings: object) -> None:
        clients.append(client)
        if len(clients) == 2:  # behind the one that asks for groups
            await asyncio.Event().wait()
        await begin(client, settings)

    begin = connection.start
    monkeypatch.setattr(connection, "start", start)
    watch = asyncio.create_task(watched(cluster_settings, partition, Held()).watch())
    async with asyncio.timeout(30):
        while len(clients) < 2:
            await asyncio.sleep(0.05)
    watch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watch
    assert [client._closed for client in clients] == [True, True]


async def test_what_is_in_hand_or_committed_is_no_reason_to_leave(cluster_settings, partition):
    lag = await behind(cluster_settings, partition)
    looked: list[object] = []
    health = Health("standing", SYSTEM_CLOCK)

    async def looks(liveness: Liveness, enough: int) -> None:
        watch = asyncio.create_task(liveness.watch())
        while len(looked) < enough:
            assert not watch.done(), watch
            await asyncio.sleep(0.05)
        watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch

    def in_hand(held: object) -> bool:
        looked.append(held)
        return True

    # many more looks than fit into the time after which it would leave
    await asyncio.wait_for(
        looks(watched(cluster_settings, partition, Held(in_hand), health), enough=int(4 * STILL_S / 0.1)), 30
    )
    assert set(looked) == {partition}
    assert (health.look.broker, health.look.partitions, health.look.lag) == (True, 1, lag)


async def test_work_that_shows_nothing_for_longer_than_an_item_may_take_ends_the_worker(cluster_settings, partition):
    hand = Held(lambda _: True, work_s=61.0)
    with pytest.raises(StoodStill, match="nothing was published or finished for 61 s"):
        await asyncio.wait_for(watched(cluster_settings, partition, hand).watch(), 30)


async def test_an_alarm_comes_long_before_the_poll_interval_is_over(cluster_settings, partition, caplog):
    hand = Held(lambda _: True, waits_s=51.0)
    watch = asyncio.create_task(watched(cluster_settings, partition, hand).watch())
    async with asyncio.timeout(30):
        while not caplog.records:
            await asyncio.sleep(0.05)
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
    assert "no record could be taken for 51 s; after 100 s the broker takes" in caplog.records[0].getMessage()
