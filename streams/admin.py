"""Creates and checks topics: all of them before any worker starts, changelogs included."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError

from processors.errors import Fatal
from streams import connection, topics
from streams.connection import client_options
from streams.join.rows import changelog_name
from streams.registry import publish_schemas
from streams.settings import Settings
from streams.topics import TopicSpec

log = logging.getLogger("clipstream.topics")

_ANSWER_LIMIT_S: Final = 8.0
_LOOKS_MS: Final = 300_000  # each 5 minutes the broker deletes what is too old
_OF_TOPIC: Final = 1  # DYNAMIC_TOPIC_CONFIG
# By then Kafka has compacted what was written over or deleted, which by itself it may put off for ever.
COMPACTED_WITHIN_MS: Final = topics.DAY_MS
_COMPACT: Final = {"cleanup.policy": "compact", "max.compaction.lag.ms": str(COMPACTED_WITHIN_MS)}


class PartitionMismatch(Fatal):
    """A topic has another number of partitions than the catalogue says."""


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as the broker has it."""

    name: str
    partitions: int
    wanted: int


async def connect(settings: Settings) -> AIOKafkaAdminClient:
    """An admin client that has reached the broker.

    Raises:
        BrokerUnreachable: it cannot be used; known after 8 s at the latest.
    """
    admin = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=int(_ANSWER_LIMIT_S * 1000))
    await connection.start(admin, settings)
    return admin


async def create_topics(settings: Settings) -> list[str]:
    """Create what is not there yet, and register our schemas where a registry is set; the names of new topics.

    Raises:
        BrokerUnreachable: no broker.
        PartitionMismatch: a topic exists with another number of partitions.
        SchemaRefused: the registry has a schema that ours does not go with.
    """
    await asyncio.to_thread(publish_schemas, settings)
    admin = await connect(settings)
    try:
        present = set(await admin.list_topics())
        wanted = wanted_topics(settings)
        missing = [topic for topic in wanted if topic.name not in present]
        if missing:
            with contextlib.suppress(TopicAlreadyExistsError):  # another worker was quicker
                await admin.create_topics(missing)
        await _led(settings, wanted)
        await _check(admin, wanted)
        await _configure(admin, [topic for topic in wanted if topic.name in present])
        return [topic.name for topic in missing]
    finally:
        await connection.stop(admin)


async def topic_states(settings: Settings) -> list[TopicState]:
    """The catalogue's topics as the broker has them; 0 partitions where one is not there."""
    admin = await connect(settings)
    try:
        return await _states(admin, wanted_topics(settings))
    finally:
        await connection.stop(admin)


def wanted_topics(settings: Settings) -> list[NewTopic]:
    """All topics of the catalogue and the changelogs of the tables, as they are to be created."""
    wanted = []
    for spec in topics.ALL:
        config = _COMPACT
        if spec.retention_ms is not None:
            kept_ms = retention_ms(spec, settings)
            # a record goes with its segment, which by itself is closed after a week
            config = {"retention.ms": str(kept_ms), "segment.ms": str(_segment_ms(kept_ms))}
        wanted.append(NewTopic(settings.topic(spec.name), spec.partitions, settings.replication, topic_configs=config))
    changelog = changelog_name(settings.group("joiner"))
    wanted.append(NewTopic(changelog, topics.VIDEO_PARTITIONS, settings.replication, topic_configs=_COMPACT))
    return wanted


def retention_ms(spec: TopicSpec[Any], settings: Settings) -> int:
    """How long the records of a topic that is not compacted are kept."""
    days = {
        topics.KEPT_INPUT_MS: settings.retention_results_days,
        topics.KEPT_ITEM_MS: settings.retention_items_days,
        topics.KEPT_SIGNAL_MS: settings.retention_signals_days,
    }
    assert spec.retention_ms is not None
    return round(days[spec.retention_ms] * topics.DAY_MS)


def gone_after_ms(spec: TopicSpec[Any], settings: Settings) -> int:
    """The age by which a record is gone: the retention, the time of its segment, and how often the broker looks."""
    kept_ms = retention_ms(spec, settings)
    return kept_ms + _segment_ms(kept_ms) + _LOOKS_MS


def _segment_ms(kept_ms: int) -> int:
    return min(topics.DAY_MS, kept_ms)


async def _configure(admin: AIOKafkaAdminClient, wanted: list[NewTopic]) -> None:
    """Bring the settings of topics that are there to what is wanted; others that somebody made stay."""
    if not wanted:
        return
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in wanted]
    held: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(asked):
        for resource in response.to_object()["resources"]:
            entries = resource["config_entries"]
            held[resource["resource_name"]] = {
                entry["config_names"]: entry["config_value"] for entry in entries if _is_own(entry)
            }
    changed = []
    for topic in wanted:
        own = held.get(topic.name, {})
        if any(own.get(name) != value for name, value in topic.topic_configs.items()):
            # this request sets all at once: what is not in it goes back to the broker's own
            changed.append(ConfigResource(ConfigResourceType.TOPIC, topic.name, {**own, **topic.topic_configs}))
    if changed:
        for response in await admin.alter_configs(changed):
            for error in response.to_object()["resources"]:
                if error["error_code"]:  # a user without the right to: the broker's own hold
                    log.warning("%s keeps its settings: %s", error["resource_name"], error["error_message"])


def _is_own(entry: dict[str, Any]) -> bool:
    """Whether an entry was set for this very topic."""
    return int(entry.get("config_source", 0)) == _OF_TOPIC


async def _led(settings: Settings, wanted: list[NewTopic]) -> None:
    """Wait until the broker serves every partition: it makes or opens them one after the other, for up to seconds.

    Clients that come before log an error for each try on each partition.
    """
    consumer = AIOKafkaConsumer(**client_options(settings))
    partitions = [TopicPartition(topic.name, n) for topic in wanted for n in range(topic.num_partitions)]
    noisy = logging.getLogger("aiokafka.consumer.fetcher")
    level = noisy.level
    noisy.setLevel(logging.CRITICAL)
    try:
        await connection.start(consumer, settings)
        await consumer.end_offsets(partitions)  # asks again until each one has a leader
    finally:
        await connection.stop(consumer)
        noisy.setLevel(level)


async def _states(admin: AIOKafkaAdminClient, wanted: list[NewTopic]) -> list[TopicState]:
    described = {
        entry["topic"]: len(entry["partitions"])
        for entry in await admin.describe_topics([topic.name for topic in wanted])
        if not entry["error_code"]
    }
    return [TopicState(topic.name, described.get(topic.name, 0), topic.num_partitions) for topic in wanted]


async def _check(admin: AIOKafkaAdminClient, wanted: list[NewTopic]) -> None:
    for state in await _states(admin, wanted):
        # item topics may be larger in production; what meets in a table must have one count for life
        item = state.wanted == topics.ITEM_PARTITIONS
        if state.partitions and state.partitions != state.wanted and not (item and state.partitions > state.wanted):
            raise PartitionMismatch(
                f"Topic {state.name} has {state.partitions} partitions, {state.wanted} are needed.",
                "Counts are fixed for life: use another CLIPSTREAM_TOPIC_PREFIX, or delete the topic and replay.",
            )


__all__ = ["PartitionMismatch", "TopicState", "connect", "create_topics", "topic_states"]
