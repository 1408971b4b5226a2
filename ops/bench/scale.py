"""`clipstream bench stream --scale`: more and more transcribers with jobs that sleep, so that only delivery can limit.

Items are put on their topic directly and results counted on theirs: no other stage takes processor from the workers.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from ops.bench.embedded import embedded_settings
from ops.bench.machine import describe
from ops.bench.plan import Plan
from ops.bench.stub_child import audio_chunk
from ops.bench.stub_worker import command
from ops.bench.workers import ready
from ops.local.cluster import LocalCluster
from processors.options import Options
from schemas.messages import AudioChunkMessage, Header
from streams import codec, topics
from streams.admin import create_topics
from streams.clock import SYSTEM_CLOCK
from streams.connection import client_options
from streams.settings import Settings
from streams.supervisor import Supervisor
from streams.topics import AUDIO_CHUNK, ITEM_PARTITIONS, TRANSCRIPT

AGENT: Final = "transcriber"
WORKERS: Final = (1, 2, 4, 8)
# Two of each partition show that the workers have their partitions before the clock starts.
_WARM_ITEMS: Final = 2 * ITEM_PARTITIONS
_LIMIT_S: Final = 600.0
_POLL_S: Final = 0.02


async def run(seconds: float, plan: Plan, base: Settings, say: Callable[[int, int], None]) -> dict[str, Any]:
    """Measure each number of workers on one broker; returns the JSON of the benchmark contract.

    Args:
        seconds: that each measurement takes if it scales.
        plan: what an item costs, > 0 ms.
        base: cache folder with jars, children of a worker.
        say: hears (measurements made, measurements in all).
    """
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="clipstream-bench-") as folder:
        settings = embedded_settings(base, Path(folder))
        with LocalCluster(settings.data_dir, settings.cache_dir) as cluster:
            settings = settings.model_copy(update={"broker_url": cluster.describe().broker_url})
            await create_topics(settings)
            for number, workers in enumerate(WORKERS):
                say(number, len(WORKERS))
                wanted = seconds * 1000 / plan.stub_ms * settings.workers * workers
                items = max(1, round(wanted / ITEM_PARTITIONS)) * ITEM_PARTITIONS
                rows.append(await _measure(workers, items, plan, settings))
                rows[-1]["linear"] = round(rows[-1]["items_per_s"] / (workers * rows[0]["items_per_s"]), 3)
    say(len(WORKERS), len(WORKERS))
    return {
        "bench": "stream",
        "machine": describe(),
        "plan": {"stub_ms": plan.stub_ms, "burn": plan.burn},
        "children": settings.workers,
        "rows": rows,
        "pooled": {"linear": min(row["linear"] for row in rows)},
        "baselines": {"one worker": {"items_per_s": rows[0]["items_per_s"]}},
    }


async def _measure(workers: int, items: int, plan: Plan, settings: Settings) -> dict[str, Any]:
    supervisor = Supervisor(settings, (AGENT,), SYSTEM_CLOCK, copies={AGENT: workers}, command=command(plan.to_text()))
    supervisor.start()
    try:
        await ready(settings, supervisor)
        await _through(f"warm-{workers}", _WARM_ITEMS, settings, supervisor)
        seconds = await _through(f"scale-{workers}", items, settings, supervisor)
    finally:
        await asyncio.to_thread(supervisor.stop)
    return {
        "item": f"{workers} workers",
        "workers": workers,
        "items": items,
        "seconds": round(seconds, 2),
        "items_per_s": round(items / seconds, 1),
        "restarts": sum(child.restarts for child in supervisor.children),
    }


async def _through(video_id: str, items: int, settings: Settings, supervisor: Supervisor) -> float:
    """Put items of a video on their topic; seconds until the results of all are there.

    Raises:
        TimeoutError: they are not within ten minutes.
    """
    partitions = [TopicPartition(settings.topic(TRANSCRIPT.name), n) for n in range(TRANSCRIPT.partitions)]
    producer = AIOKafkaProducer(**client_options(settings), acks="all")
    consumer = AIOKafkaConsumer(**client_options(settings))
    await producer.start()
    try:
        await consumer.start()
        before = sum((await consumer.end_offsets(partitions)).values())
        started = time.monotonic()
        sent = [await producer.send(**_record(video_id, index, settings)) for index in range(items)]
        await asyncio.gather(*sent)
        while sum((await consumer.end_offsets(partitions)).values()) - before < items:
            supervisor.poll()
            if time.monotonic() - started > _LIMIT_S:
                raise TimeoutError(f"not all of {items} items are through after {_LIMIT_S:.0f} s")
            await asyncio.sleep(_POLL_S)
        return time.monotonic() - started
    finally:
        await consumer.stop()
        await producer.stop()


def _record(video_id: str, index: int, settings: Settings) -> dict[str, Any]:
    header = Header(video_id, 0, "audio-extractor", index, "ok", None, 1, Options(), None, 0, False)
    return {
        "topic": settings.topic(AUDIO_CHUNK.name),
        "key": topics.item_key(video_id, index),
        "value": codec.encode(AUDIO_CHUNK, AudioChunkMessage(header, audio_chunk(index), None)),
        "partition": topics.item_partition(video_id, index, AUDIO_CHUNK.partitions),
    }
