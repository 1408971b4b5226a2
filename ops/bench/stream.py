"""`clipstream bench stream`: many stub videos through the real agents and a real broker, beside a bare loop.

What is measured is everything but the models: topics, codec, guarded loop, acks, pool and its pipes, join and table.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from ops.bench import bare, bare_faust
from ops.bench.embedded import embedded_agents
from ops.bench.machine import describe
from ops.bench.memory import sizes_mb
from ops.bench.plan import Plan
from ops.bench.stub_worker import command
from ops.bench.workers import processor_s
from processors.errors import InvalidMessage
from schemas.messages import Segments, VideoIngested
from streams import agents, codec, topics
from streams.admin import wanted_topics
from streams.client import TERMINAL, producing, read_records
from streams.connection import client_options
from streams.settings import Settings
from streams.stage import ADMITTED

# Without a single new result for that long, what is not final counts as lost.
STILL_LIMIT_S: Final = 120.0
# The bare loop moves as many records as the videos have messages, within these.
BARE_RECORDS: Final = (2_000, 50_000)
_POLL_MS: Final = 200
_HOUR_S: Final = 3_600
_SIZED_RECORDS: Final = 1_000
Say = Callable[[int, int], None]


@dataclass
class Watched:
    """What a reader of `progress` and `segments` has seen."""

    submitted_s: dict[str, float] = field(default_factory=dict)
    first_progress_s: dict[str, float] = field(default_factory=dict)  # since its submission
    ended: dict[str, str] = field(default_factory=dict)  # video -> terminal status
    results: int = 0  # records on `segments`
    ended_s: float = 0.0

    @property
    def open(self) -> int:
        """Videos that are submitted and not through."""
        return len(self.submitted_s) - len(self.ended)


async def run(videos: int, open_videos: int, plan: Plan, base: Settings, say: Say) -> dict[str, Any]:
    """Send stub videos through; returns the JSON of the benchmark contract.

    Args:
        videos: how many, >= 1.
        open_videos: submitted and not through, at most.
        plan: parts of a video and their cost.
        base: cache folder with jars, number of children; everything else is made anew in an empty folder.
        say: hears (videos through, videos in all).
    """
    async with embedded_agents(base, command(plan.to_text())) as running:
        settings, supervisor = running.settings, running.supervisor

        def keep(done: int) -> None:
            supervisor.poll()
            say(done, videos)

        found = await _measure(videos, open_videos, settings, running.roots, keep)
        found["restarts"] = {child.agent: child.last_exit for child in supervisor.children if child.restarts}
        await asyncio.to_thread(supervisor.stop)  # the loops below have the machine to themselves
        size = await _record_bytes(settings)
        records = min(max(found["messages"], BARE_RECORDS[0]), BARE_RECORDS[1])
        bare_per_s = await bare.messages_per_s(settings, records, size, ADMITTED)
        faust_per_s = await bare_faust.messages_per_s(settings, records)
    rows = found.pop("rows")
    return {
        "bench": "stream",
        "machine": describe(),
        "videos": videos,
        "open": open_videos,
        "plan": {"chunks": plan.chunks, "batches": plan.batches, "stub_ms": plan.stub_ms, "burn": plan.burn},
        "children": settings.workers,
        "rows": rows,
        "pooled": {**found, "ratio": round(found["messages_per_s"] / bare_per_s, 3)},
        "baselines": {
            "bare": {
                "messages_per_s": round(bare_per_s, 1),
                "records": records,
                "record_bytes": size,
                "window": ADMITTED,
            },
            "bare_faust": {
                "messages_per_s": round(faust_per_s, 1),
                "ratio_to_bare": round(faust_per_s / bare_per_s, 3),
            },
        },
    }


async def _measure(
    videos: int,
    open_videos: int,
    settings: Settings,
    roots: Callable[[], list[tuple[str, int]]],
    keep: Callable[[int], None],
) -> dict[str, Any]:
    source = settings.data_dir / "stub.mp4"
    source.write_bytes(b"stub")
    watched = Watched()
    memory: dict[str, dict[str, float]] = {}
    cpu_before = _processor_s(roots())
    started = time.monotonic()
    feeder = asyncio.create_task(_feed(videos, open_videos, source, settings, watched))
    try:
        async for _ in _watch(settings, watched):
            keep(len(watched.ended))
            if feeder.done():
                feeder.result()  # raises what ended it
            if len(watched.ended) * 10 >= videos and "first" not in memory:
                memory["first"] = await asyncio.to_thread(_memory_mb, roots())
            last = max(watched.ended_s, started)
            if len(watched.ended) == videos or time.monotonic() - last > STILL_LIMIT_S:
                break
    finally:
        feeder.cancel()
    seconds = watched.ended_s - started
    memory["last"] = await asyncio.to_thread(_memory_mb, roots())
    cpu = {name: round(after - cpu_before.get(name, 0.0), 2) for name, after in _processor_s(roots()).items()}
    counts = await _counts(settings)
    signals = {topics.PROGRESS.name, "changelog"}
    messages = sum(count for name, count in counts.items() if name not in signals)
    waits = sorted(watched.first_progress_s.values())
    rows = [
        {
            "item": agent,
            "items": counts.get(_TARGETS.get(agent, ""), 0),
            "items_per_s": round(counts.get(_TARGETS.get(agent, ""), 0) / seconds, 1),
            "processor_ms_per_video": round(1000 * cpu.get(agent, 0.0) / videos, 1),
            "first_mb": round(memory.get("first", {}).get(agent, 0.0), 1),
            "last_mb": round(memory["last"].get(agent, 0.0), 1),
        }
        for agent in (*agents.NAMES, "kafka")
    ]
    return {
        "rows": rows,
        "seconds": round(seconds, 2),
        "videos_per_s": round(len(watched.ended) / seconds, 2),
        "videos_per_hour": round(_HOUR_S * len(watched.ended) / seconds),
        "statuses": dict(Counter(watched.ended.values())),
        "lost": videos - len(watched.ended),
        "repeated_results": watched.results - counts["video-joined"],
        "messages": messages,
        "messages_per_s": round(messages / seconds, 1),
        "all_records_per_s": round(sum(counts.values()) / seconds, 1),
        "records": counts,
        "first_progress_s": {"p50": _quantile(waits, 0.50), "p95": _quantile(waits, 0.95), "max": _quantile(waits, 1)},
    }


# Whose outputs lie where: each stage's records are counted on its topic.
_TARGETS: Final = {
    "metadata": topics.VIDEO_METADATA.name,
    "audio-extractor": topics.AUDIO_CHUNK.name,
    "frame-extractor": topics.FRAME_BATCH.name,
    "transcriber": topics.TRANSCRIPT.name,
    "vision": topics.VISION_RESULT.name,
    "content": topics.CONTENT_RESULT.name,
    "joiner": topics.VIDEO_JOINED.name,
    "segmenter": topics.SEGMENTS.name,
}


async def _feed(videos: int, open_videos: int, source: Path, settings: Settings, watched: Watched) -> None:
    """Submit, with never more open than wanted."""
    async with producing(settings) as submit:
        for number in range(videos):
            while watched.open >= open_videos:
                await asyncio.sleep(0.005)
            video_id = f"stub-{number:06d}"
            watched.submitted_s[video_id] = time.monotonic()
            await submit(VideoIngested(uri=str(source), video_id=video_id))


async def _watch(settings: Settings, watched: Watched) -> Any:
    """Read `progress` (only its keys: this process shares the cores) and `segments`; yields after each batch."""
    specs = (topics.PROGRESS, topics.SEGMENTS)
    progress = settings.topic(topics.PROGRESS.name)
    consumer = AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(settings.topic(spec.name), n) for spec in specs for n in range(spec.partitions)]
        consumer.assign(partitions)
        for partition in partitions:
            consumer.seek(partition, 0)
        while True:
            for partition, records in (await consumer.getmany(timeout_ms=_POLL_MS)).items():
                now = time.monotonic()
                for record in records:
                    if partition.topic == progress:
                        _note_progress(watched, record.key.decode(), now)
                    else:
                        _note_result(watched, record.value, now)
            yield None
    finally:
        await consumer.stop()


def _note_progress(watched: Watched, video_id: str, now: float) -> None:
    if video_id not in watched.first_progress_s:
        watched.first_progress_s[video_id] = now - watched.submitted_s[video_id]


def _note_result(watched: Watched, raw: bytes, now: float) -> None:
    watched.results += 1
    try:
        result: Segments = codec.decode(topics.SEGMENTS, raw)
    except InvalidMessage:
        return
    if result.status in TERMINAL and result.video_id not in watched.ended:
        watched.ended[result.video_id] = result.status
        watched.ended_s = now


async def _counts(settings: Settings) -> dict[str, int]:
    """Records that were written to each topic, those of the changelog under that name."""
    names = {spec.name: settings.topic(spec.name) for spec in topics.ALL}
    consumer = AIOKafkaConsumer(**client_options(settings))
    await consumer.start()
    found: dict[str, int] = {}
    try:
        for topic in wanted_topics(settings):
            partitions = [TopicPartition(topic.name, n) for n in range(topic.num_partitions)]
            name = next((short for short, full in names.items() if full == topic.name), "changelog")
            found[name] = found.get(name, 0) + sum((await consumer.end_offsets(partitions)).values())
    finally:
        await consumer.stop()
    return found


async def _record_bytes(settings: Settings) -> int:
    """Mean size of a transcript, the most frequent of the large records."""
    sizes: list[int] = []
    async for record in read_records(settings, topics.TRANSCRIPT):
        sizes.append(len(record.value))
        if len(sizes) == _SIZED_RECORDS:
            break
    return round(statistics.fmean(sizes)) if sizes else 1_000


def _memory_mb(roots: list[tuple[str, int]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, pid in roots:
        found[name] = found.get(name, 0.0) + sum(sizes_mb(pid))
    return found


def _processor_s(roots: list[tuple[str, int]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, pid in roots:
        found[name] = found.get(name, 0.0) + processor_s(pid)
    return found


def _quantile(ordered: list[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else None
