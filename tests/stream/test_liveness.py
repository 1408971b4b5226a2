"""The alarm for records that no longer reach their stage, against the offsets of a real broker."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete

from streams.clock import SYSTEM_CLOCK
from streams.liveness import Liveness, StoodStill

pytestmark = [pytest.mark.stream, pytest.mark.timeout(60)]
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
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await producer.start()
    for number in range(3):
        await producer.send_and_wait("standing", str(number).encode())
    await producer.stop()
    await commit(cluster_settings, found, 1)
    return found


async def commit(settings, partition: TopicPartition, offset: int) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers(), group_id=settings.group("standing"), enable_auto_commit=False
    )
    await consumer.start()
    consumer.assign([partition])
    await consumer.commit({partition: offset})
    await consumer.stop()


def watched(settings, partition: TopicPartition, in_hand) -> Liveness:
    """The alarm over a worker that has this partition and does nothing."""
    nothing: dict = {}
    consumer = SimpleNamespace(
        assignment=lambda: {partition}, flow_active=True, _read_offset=nothing, _acked=nothing,
        _committed_offset=nothing, _active_partitions=set(), _paused_partitions=set(), _buffered_partitions=set(),
    )  # fmt: skip
    flow = SimpleNamespace(is_active=lambda: True)
    app = SimpleNamespace(in_recovery=False, rebalancing=False, consumer=consumer, tables={}, flow_control=flow)
    return Liveness(app, settings, "standing", in_hand, SYSTEM_CLOCK, still_s=STILL_S, each_s=0.1)


async def test_a_partition_that_stands_still_ends_the_worker(cluster_settings, partition):
    with pytest.raises(StoodStill, match="standing-0 stands still at 1 of"):
        await asyncio.wait_for(watched(cluster_settings, partition, lambda _: False).watch(), 30)


async def test_records_that_have_expired_are_no_reason_to_leave(cluster_settings, partition):
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster_settings.bootstrap_servers())
    await admin.start()
    await admin.delete_records({partition: RecordsToDelete(before_offset=-1)})
    await admin.close()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(watched(cluster_settings, partition, lambda _: False).watch(), 6 * STILL_S)


async def test_what_is_in_hand_or_committed_is_no_reason_to_leave(cluster_settings, partition):
    looked: list[object] = []

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
    await asyncio.wait_for(looks(watched(cluster_settings, partition, in_hand), enough=int(4 * STILL_S / 0.1)), 30)
    assert set(looked) == {partition}
