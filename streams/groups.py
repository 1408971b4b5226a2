"""Consumer groups: who is in them, and how far behind they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CoordinatorLoadInProgressError, GroupCoordinatorNotAvailableError
from aiokafka.protocol.admin import DescribeGroupsRequest_v3, DescribeGroupsResponse_v3

from processors.errors import ClipstreamError
from streams import connection, topics
from streams.admin import connect
from streams.clock import SYSTEM_CLOCK
from streams.connection import client_options
from streams.hosted_services import has_second_look
from streams.settings import Settings
from streams.topics import TopicSpec

# aiokafka 0.14 reads answers of version 3 by the layout of version 2, which fails as soon as there are two groups.
DescribeGroupsRequest_v3.RESPONSE_TYPE = DescribeGroupsResponse_v3

T = TypeVar("T")
# The first question about any group makes a fresh broker create its offsets topic, which takes about a second.
_COORDINATOR_TRIES: Final = 50
_COORDINATOR_PAUSE_S: Final = 0.2
_ASK_S: Final = 0.5

# Which agent reads which topics.
READS: Final[dict[str, tuple[TopicSpec[Any], ...]]] = {
    "metadata": (topics.VIDEO_INGESTED,),
    "audio-extractor": (topics.VIDEO_INGESTED,),
    "frame-extractor": (topics.VIDEO_INGESTED,),
    "transcriber": topics.lanes(topics.AUDIO_CHUNK),
    "vision": topics.lanes(topics.FRAME_BATCH),
    "content": (topics.TRANSCRIPT,),
    "joiner": (
        topics.TRANSCRIPT,
        topics.VISION_RESULT,
        topics.CONTENT_RESULT,
        topics.VIDEO_METADATA,
        topics.JOIN_TIMER,
    ),
    "segmenter": (topics.VIDEO_JOINED,),
    "enricher": (topics.SEGMENTS,),
    "sink": (topics.SEGMENTS, topics.CONTENT_RESULT),
}
# The enricher has work only where a service is asked about segments, the sink only where there is a database.
OPTIONAL: Final = frozenset({"enricher", "sink"})


def is_wanted(agent: str, settings: Settings) -> bool:
    """Whether an agent has something to do under these settings."""
    if agent == "sink":
        return bool(settings.database_url)
    return agent not in OPTIONAL or has_second_look(settings)


@dataclass(frozen=True, slots=True)
class GroupState:
    """An agent's consumer group."""

    agent: str
    members: int
    lag: int  # records that are not committed
    committed: int  # sum of the committed offsets: it grows whenever the agent gets on


async def agents_with_members(settings: Settings) -> set[str]:
    """Agents of which at least one worker is in its group."""
    admin = await connect(settings)
    try:
        return {agent for agent, members in (await _members(admin, settings)).items() if members}
    finally:
        await connection.stop(admin)


async def refuse_members(settings: Settings, wanted: Collection[str], why: str, *, patience_s: float) -> None:
    """Make sure that no worker of some agents runs.

    Args:
        settings: with a broker.
        wanted: names of agents.
        why: no worker may run, as the rest of a sentence.
        patience_s: how long to wait for them; a broker takes stopped workers for members until their session times out.

    Raises:
        ClipstreamError: workers run.
    """
    deadline_s = SYSTEM_CLOCK.monotonic_s() + patience_s
    while active := sorted((await agents_with_members(settings)) & set(wanted)):
        if SYSTEM_CLOCK.monotonic_s() >= deadline_s:
            commands = ", ".join(f"`clipstream worker {agent}`" for agent in active)
            raise ClipstreamError(
                f"Workers of {', '.join(active)} are running; {why}",
                f"Stop them (`clipstream down`, or the processes {commands}), then run this command again.",
            )
        await SYSTEM_CLOCK.sleep(_ASK_S)


async def group_states(settings: Settings) -> list[GroupState]:
    """Members and consumer lag of every agent that has something to do, and of others that run.

    Raises:
        BrokerUnreachable: no broker.
    """
    async with _asking(settings) as (admin, consumer):
        members = await _members(admin, settings)
        states = []
        for agent in READS:
            if not is_wanted(agent, settings) and not members[agent]:
                continue
            positions = (await _positions(admin, consumer, settings, agent)).values()
            lag = sum(max(0, end - committed) for committed, end in positions)
            states.append(GroupState(agent, members[agent], lag, sum(committed for committed, _ in positions)))
        return states


async def committed_offsets(
    settings: Settings, agent: str, partitions: list[TopicPartition]
) -> dict[TopicPartition, int]:
    """How far an agent's group has come; 0 where it has committed nothing."""
    admin = await connect(settings)
    try:
        group = settings.group(agent)
        kept = await _coordinated(lambda: admin.list_consumer_group_offsets(group, partitions=partitions))
    finally:
        await connection.stop(admin)
    return {partition: max(0, kept[partition].offset) if partition in kept else 0 for partition in partitions}


async def queues(settings: Settings, agents: tuple[str, ...]) -> dict[tuple[str, TopicPartition], tuple[int, int]]:
    """(Committed offset, end offset) of each partition that these agents' groups read.

    Raises:
        BrokerUnreachable: no broker.
    """
    async with _asking(settings) as (admin, consumer):
        return {
            (agent, partition): position
            for agent in agents
            for partition, position in (await _positions(admin, consumer, settings, agent)).items()
        }


@asynccontextmanager
async def _asking(settings: Settings) -> AsyncIterator[tuple[AIOKafkaAdminClient, AIOKafkaConsumer]]:
    """The two clients that questions about groups need."""
    admin = await connect(settings)
    consumer = AIOKafkaConsumer(**client_options(settings))
    try:
        await connection.start(consumer, settings)
        yield admin, consumer
    finally:
        await connection.stop(consumer)
        await connection.stop(admin)


async def _members(admin: AIOKafkaAdminClient, settings: Settings) -> dict[str, int]:
    found = dict.fromkeys(READS, 0)
    by_group = {settings.group(agent): agent for agent in READS}
    for response in await _coordinated(lambda: admin.describe_consumer_groups(list(by_group))):
        for group in response.to_object()["groups"]:
            if group["group"] in by_group:
                found[by_group[group["group"]]] = len(group["members"])
    return found


async def _positions(
    admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, settings: Settings, agent: str
) -> dict[TopicPartition, tuple[int, int]]:
    """(Committed offset, end offset) of each partition of an agent; the first offset where nothing is committed."""
    partitions = [TopicPartition(settings.topic(spec.name), n) for spec in READS[agent] for n in range(spec.partitions)]
    ends = await consumer.end_offsets(partitions)
    starts = await consumer.beginning_offsets(partitions)
    group = settings.group(agent)
    committed = await _coordinated(lambda: admin.list_consumer_group_offsets(group, partitions=partitions))
    found = {}
    for partition in partitions:
        kept = committed.get(partition)
        at = kept.offset if kept is not None and kept.offset >= 0 else starts[partition]
        found[partition] = (at, ends[partition])
    return found


async def _coordinated(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask about a group, again while its coordinator is only being set up."""
    for _ in range(_COORDINATOR_TRIES - 1):
        try:
            return await ask()
        except (GroupCoordinatorNotAvailableError, CoordinatorLoadInProgressError):
            await asyncio.sleep(_COORDINATOR_PAUSE_S)
    return await ask()
