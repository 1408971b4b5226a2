"""Replays: a video anew from a stage, or the records of a topic again.

A replay of a video is its newest request with the next generation: every stage runs, those before the named one answer
from the result cache, and with `fresh` the named one and those behind it compute anew. A replay of a topic moves the
offsets of the consumer groups that read it, which only stages without tables allow: the joiner would assemble what it
has assembled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from processors.errors import ClipstreamError
from schemas.messages import Segments, VideoIngested
from streams import connection, topics
from streams.client import latest_results, producing, requests
from streams.connection import client_options
from streams.groups import READS, is_wanted, refuse_members
from streams.priorities import NORMAL
from streams.settings import Settings
from streams.work import BEHIND

STAGES: Final = tuple(name for name in BEHIND if name != "all")
_WITH_TABLES: Final = "joiner"


@dataclass(frozen=True, slots=True)
class Rewind:
    """A consumer group's new position on a partition."""

    agent: str
    topic: str
    partition: int
    offset: int
    records: int  # that are read again


async def replay_video(
    settings: Settings, video_id: str, stage: str | None, *, fresh: bool, dry_run: bool
) -> VideoIngested:
    """Submit the newest request of a video as the next generation.

    Args:
        settings: with a broker.
        video_id: the video.
        stage: the first stage to compute anew with `fresh`; None for all.
        fresh: do not ask the result cache from there on.
        dry_run: only find out.

    Returns:
        The request.

    Raises:
        ClipstreamError: nobody submitted that video.
    """
    known = [request async for of, request in requests(settings) if of == video_id]
    replayed = replay_of(known, video_id, (await latest_results(settings)).get(video_id), stage, fresh=fresh)
    if not dry_run:
        async with producing(settings) as submit:
            await submit(replayed)
    return replayed


def replay_of(
    known: Iterable[VideoIngested], video_id: str, held: Segments | None, stage: str | None, *, fresh: bool
) -> VideoIngested:
    """The request that replays a video.

    Args:
        known: its requests, the oldest first.
        video_id: the video.
        held: its newest result.
        stage: the first stage to compute anew with `fresh`; None for all.
        fresh: do not ask the result cache from there on.

    Raises:
        ClipstreamError: there is no request.
    """
    newest: VideoIngested | None = None
    priority = NORMAL
    for request in known:
        if newest is None or request.generation >= newest.generation:
            newest = request
        if not is_replay(request):
            priority = request.priority  # that of a replay is of the replay: those of a day go last
    if newest is None:
        raise ClipstreamError(
            f"No request for video '{video_id}' is on the ingest topic.",
            "It is kept for 30 days; submit the video again.",
        )
    return replace(next_generation(newest, video_id, held, stage, fresh=fresh), priority=priority)


def is_replay(request: VideoIngested) -> bool:
    """Whether a request is for what somebody had submitted before."""
    # `process --fresh` asks for the same, the first time in generation 0
    return request.replay_from is not None and request.generation > 0


def next_generation(
    newest: VideoIngested, video_id: str, held: Segments | None, stage: str | None, *, fresh: bool
) -> VideoIngested:
    """The request that replays a video.

    Args:
        newest: its newest request.
        video_id: the video.
        held: its newest result.
        stage: the first stage to compute anew with `fresh`; None for all.
        fresh: do not ask the result cache from there on.
    """
    generation = max(newest.generation, held.generation if held is not None else 0) + 1
    return replace(newest, video_id=video_id, generation=generation, replay_from=stage or "all", fresh=fresh)


async def replay_topic(
    settings: Settings,
    topic: str,
    *,
    since_ms: int | None,
    offset: int | None,
    dry_run: bool,
    patience_s: float = 0.0,
) -> list[Rewind]:
    """Move the groups that read a topic back, so that their next start reads it again from there.

    Args:
        settings: with a broker.
        topic: name in the catalogue.
        since_ms: records from this time on, milliseconds since 1970.
        offset: records from this offset on, in every partition.
        dry_run: only find out.
        patience_s: how long to wait until the broker has noticed that workers have stopped.

    Raises:
        ClipstreamError: a stage with tables reads it, or a group that reads it is active.
    """
    # a sink that comes later reads a topic from its beginning
    readers = [agent for agent in readers_of(topic) if agent != "sink" or is_wanted(agent, settings)]
    if not dry_run:
        await refuse_members(settings, readers, "Kafka moves offsets of idle groups only.", patience_s=patience_s)
    found = []
    for agent in readers:
        for spec in topics.lanes(topics.BY_NAME[topic]):
            found += await _rewind(settings, agent, spec, _target(since_ms, offset), dry_run=dry_run)
    return found


def readers_of(topic: str) -> list[str]:
    """The agents whose offsets on a topic may be moved.

    Raises:
        ClipstreamError: none reads it, or a stage with tables does.
    """
    readers = [agent for agent, specs in READS.items() if any(spec.name == topic for spec in specs)]
    if not readers:
        raise ClipstreamError(f"No stage reads '{topic}'.", "Topics that stages read: " + ", ".join(_read_topics()))
    if _WITH_TABLES in readers:
        raise ClipstreamError(
            f"'{topic}' is read by the joiner, which would join again what it has joined.",
            "Replay the videos: `clipstream replay --video ID --from STAGE`; or mend what was lost: "
            "`clipstream replay --rebuild-join`.",
        )
    return readers


Target = Callable[[AIOKafkaConsumer, list[TopicPartition]], Any]


def _target(since_ms: int | None, offset: int | None) -> Target:
    async def wanted(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> dict[TopicPartition, int | None]:
        if since_ms is None:
            return dict.fromkeys(partitions, offset)
        times = await consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
        return {partition: None if at is None else at.offset for partition, at in times.items()}

    return wanted


async def _rewind(
    settings: Settings, agent: str, spec: topics.TopicSpec[Any], target: Target, *, dry_run: bool
) -> list[Rewind]:
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=settings.group(agent), enable_auto_commit=False)
    await connection.start(consumer, settings)
    try:
        partitions = [TopicPartition(settings.topic(spec.name), n) for n in range(spec.partitions)]
        consumer.assign(partitions)
        starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        wanted = await target(consumer, partitions)
        new = {  # nothing is there from that time on: the end
            partition: ends[partition] if wanted[partition] is None
            else min(max(wanted[partition], starts[partition]), ends[partition])
            for partition in partitions
        }  # fmt: skip
        if not dry_run:
            await consumer.commit(new)
        return [
            Rewind(agent, spec.name, partition.partition, at, ends[partition] - at) for partition, at in new.items()
        ]
    finally:
        await connection.stop(consumer)


def _read_topics() -> list[str]:
    return sorted({spec.name for agent, specs in READS.items() if agent != _WITH_TABLES for spec in specs})


__all__ = [
    "STAGES", "Rewind", "is_replay", "next_generation", "readers_of", "replay_of", "replay_topic", "replay_video",
]  # fmt: skip
