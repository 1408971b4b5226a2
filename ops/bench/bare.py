"""The baseline of `bench stream`: a plain aiokafka loop that consumes and produces, and does nothing else.

Records are taken in windows, produced in batches, awaited until the broker has them, and their offsets committed as
often as a worker commits. What it leaves out is what a stage is for: decoding, computing, retries, acks in order.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import NewTopic

from streams.admin import connect
from streams.connection import client_options
from streams.settings import Settings
from streams.topics import ITEM_PARTITIONS, VIDEO_PARTITIONS

SOURCE: Final = "bench-bare-source"
TARGET: Final = "bench-bare-target"
_FILL_WINDOW: Final = 500


async def messages_per_s(settings: Settings, records: int, size_bytes: int, window: int) -> float:
    """Records a second that the bare loop moves from one topic to another.

    Args:
        settings: with a broker; how often offsets are committed.
        records: how many, all there before the clock starts.
        size_bytes: of each value.
        window: records under way at a time.
    """
    admin = await connect(settings)
    try:
        await admin.create_topics([NewTopic(SOURCE, ITEM_PARTITIONS, 1), NewTopic(TARGET, VIDEO_PARTITIONS, 1)])
    finally:
        await admin.close()
    options = client_options(settings)
    producer = AIOKafkaProducer(**options, acks="all")
    consumer = AIOKafkaConsumer(
        SOURCE, **options, group_id=SOURCE, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await producer.start()
    try:
        value = b"x" * size_bytes
        for first in range(0, records, _FILL_WINDOW):
            numbers = range(first, min(records, first + _FILL_WINDOW))
            sent = [await producer.send(SOURCE, value, key=str(number).encode()) for number in numbers]
            await asyncio.gather(*sent)
        await consumer.start()
        return await _move(consumer, producer, records, window, settings.commit_interval_s)
    finally:
        await consumer.stop()
        await producer.stop()


async def _move(
    consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, records: int, window: int, commit_each_s: float
) -> float:
    moved, started, committed = 0, 0.0, 0.0
    while moved < records:
        batches = await consumer.getmany(timeout_ms=1_000, max_records=window)
        if not started:
            started = committed = time.monotonic()  # joining the group is no part of it
        taken = [record for batch in batches.values() for record in batch]
        await asyncio.gather(*[await producer.send(TARGET, record.value, key=record.key) for record in taken])
        moved += len(taken)
        if time.monotonic() - committed > commit_each_s:
            await consumer.commit()
            committed = time.monotonic()
    await consumer.commit()
    return moved / (time.monotonic() - started)
