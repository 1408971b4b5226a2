"""The user's side of the stream: submit videos, read results and progress. Used by the command line and by tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from processors.errors import InvalidMessage
from processors.options import Options
from schemas.messages import Segments, VideoIngested
from streams import codec, connection, identity, sources, topics
from streams.connection import client_options
from streams.registry import RegistryAway
from streams.settings import Settings
from streams.topics import TopicSpec

M = TypeVar("M")
TERMINAL: Final = frozenset({"final", "degraded", "failed", "cancelled"})
_POLL_MS: Final = 200


def request_for(source: str, options: Options, video_id: str | None, settings: Settings) -> VideoIngested:
    """The ingest message for a source that this host can read.

    Args:
        source: path or URI; a relative path is taken from the working directory.
        options: as wanted.
        video_id: the caller's own, or None.
        settings: allowed schemes, languages, state folder.

    Raises:
        InvalidMessage: no source is named, its scheme, folder or host is not allowed, or its language is not supported.
        InvalidMedia: the file is not there.
        Retryable: its server cannot be reached.
    """
    if not source.strip():  # as a path it would be the current folder
        raise InvalidMessage("The name of a source is empty.", "Name a file or a URI.")
    check_language(options, settings)
    uri = source if "://" in source else str(Path(source).expanduser().absolute())
    _, digest = sources.find(uri, settings, refresh=True)
    identity_ = video_id or identity.video_id_of(digest, options)
    request = VideoIngested(uri=uri, video_id=identity_, source_digest=digest, options=options)
    identity.request_of(request)  # says here what the agents would only tell the dead letters
    return request


def check_language(options: Options, settings: Settings) -> None:
    """Refuse a language of which the workers would write nothing down, as far as their settings are these.

    Raises:
        InvalidMessage: it is not among those that are supported.
    """
    supported = settings.recognition.supported
    if options.language is None or supported.nearest or supported.has(options.language):
        return
    raise InvalidMessage(
        f"Option 'language' is {options.language}, but CLIPSTREAM_LANGUAGES has only "
        f"{', '.join(sorted(supported.languages))}: nothing that is said would be written down.",
        f"Add {options.language} to CLIPSTREAM_LANGUAGES, or leave the option out.",
    )


def next_request(
    request: VideoIngested, known: Segments | None, settings: Settings, *, fresh: bool = False
) -> VideoIngested | None:
    """What to submit, given the newest result of the same video: None when that result is the answer.

    Same id and digest: the result stands. Same id, other digest: the next generation. Fresh: the next generation, of
    which nothing is answered from results or cache.
    """
    if fresh:
        generation = known.generation + 1 if known is not None else 0
        return replace(request, generation=generation, replay_from="all", fresh=True)
    if known is None or request.source_digest is None:
        return request
    digest = identity.request_digest(request.source_digest, request.options, settings.steering)
    if known.request_digest == digest and known.status == "final":
        return None
    return replace(request, generation=known.generation + 1)


@asynccontextmanager
async def producing(settings: Settings) -> AsyncIterator[Callable[[VideoIngested], Any]]:
    """A function that submits requests and waits until Kafka has them; it returns each as it was sent.

    A video that was erased begins with a generation of its own: agents take nothing more of those before.
    """
    erased = await erased_videos(settings)
    producer = AIOKafkaProducer(**client_options(settings), acks="all")
    await connection.start(producer, settings)

    async def submit(request: VideoIngested) -> VideoIngested:
        spec = topics.VIDEO_INGESTED
        last = erased.get(request.video_id or "", -1)
        if request.generation <= last:
            request = replace(request, generation=last + 1)
        key = (request.video_id or "").encode() or None
        await producer.send_and_wait(settings.topic(spec.name), codec.encode(spec, request), key=key)
        return request

    try:
        yield submit
    finally:
        await connection.stop(producer)


async def read_all(settings: Settings, spec: TopicSpec[M]) -> AsyncIterator[M]:
    """Everything that is on a topic now, each partition in order. Records that cannot be read are passed over."""
    async for record in read_records(settings, spec):
        if (message := _decoded(spec, record.value)) is not None:
            yield message


async def read_records(settings: Settings, spec: TopicSpec[Any]) -> AsyncIterator[Any]:
    """Every record that is on a topic now, as bytes with key and headers, each partition in order."""
    async for _, record in read_topics(settings, spec):
        yield record


async def read_topics(settings: Settings, *specs: TopicSpec[Any]) -> AsyncIterator[tuple[TopicSpec[Any], Any]]:
    """As `read_records`, of several topics with one reader; nothing is said of the order between partitions.

    A reader's start and end cost more than to read what a small topic holds.
    """
    by_name = {settings.topic(spec.name): spec for spec in specs}
    async with _consumer(settings, *specs) as (consumer, partitions):
        ends = await consumer.end_offsets(partitions)
        starts = await consumer.beginning_offsets(partitions)
        _seek(consumer, starts)
        open_ = {partition for partition in partitions if ends[partition] > starts[partition]}
        while open_:
            for partition, records in (await consumer.getmany(*open_, timeout_ms=_POLL_MS)).items():
                for record in records:
                    if record.offset < ends[partition]:
                        yield by_name[partition.topic], record
            # positions, not records: compaction leaves gaps at the end
            for partition in list(open_):
                if await consumer.position(partition) >= ends[partition]:
                    open_.discard(partition)


@asynccontextmanager
async def following_records(settings: Settings, *specs: TopicSpec[Any], from_start: bool = False) -> AsyncIterator[Any]:
    """An async iterator over what arrives on topics from now on: (spec, record), and None when nothing did for 0.2 s.

    Positions are fixed before the `async with` body runs, so what is submitted inside is never missed.
    """
    by_name = {settings.topic(spec.name): spec for spec in specs}
    async with _consumer(settings, *specs) as (consumer, partitions):
        offsets = consumer.beginning_offsets if from_start else consumer.end_offsets
        _seek(consumer, await offsets(partitions))

        async def arrivals() -> AsyncIterator[tuple[TopicSpec[Any], Any] | None]:
            while True:
                batch = await consumer.getmany(timeout_ms=_POLL_MS)
                for partition, records in batch.items():
                    for record in records:
                        yield by_name[partition.topic], record
                if not batch:
                    yield None

        yield arrivals()


@asynccontextmanager
async def following(settings: Settings, *specs: TopicSpec[Any], from_start: bool = False) -> AsyncIterator[Any]:
    """As `following_records`, with messages: (spec, message). Records that cannot be read are passed over."""
    async with following_records(settings, *specs, from_start=from_start) as records:

        async def arrivals() -> AsyncIterator[tuple[TopicSpec[Any], Any] | None]:
            async for arrival in records:
                if arrival is None:
                    yield None
                elif (message := _decoded(arrival[0], arrival[1].value)) is not None:
                    yield arrival[0], message

        yield arrivals()


async def requests(settings: Settings) -> AsyncIterator[tuple[str, VideoIngested]]:
    """The id of the video and each valid request on the ingest topic, whoever sent it, oldest first in a partition.

    Those of videos that were erased since are passed over: Kafka cannot take them away before their time.
    """
    async for video_id, message, _ in timed_requests(settings):
        yield video_id, message


async def timed_requests(settings: Settings) -> AsyncIterator[tuple[str, VideoIngested, int]]:
    """As `requests`, with the time of each record, milliseconds since 1970."""
    erased = await erased_videos(settings)
    async for record in read_records(settings, topics.VIDEO_INGESTED):
        if (message := _decoded(topics.VIDEO_INGESTED, record.value)) is None:
            continue
        try:
            request = identity.request_of(message)
        except InvalidMessage:
            continue  # it is among the dead letters
        if request.generation > erased.get(request.video_id, -1):
            yield request.video_id, message, record.timestamp


async def erased_videos(settings: Settings) -> dict[str, int]:
    """Videos that were erased, up to which generation."""
    found: dict[str, int] = {}
    async for order in read_all(settings, topics.CONTROL):
        if order.action == "erase":
            found[order.video_id] = max(order.generation, found.get(order.video_id, -1))
    return found


async def latest_results(settings: Settings) -> dict[str, Segments]:
    """The newest result of every video. A record without a value takes away what came before: it was erased."""
    found: dict[str, Segments] = {}
    async for record in read_records(settings, topics.SEGMENTS):
        if record.value is None:
            found.pop((record.key or b"").decode(errors="replace"), None)
        elif (result := _decoded(topics.SEGMENTS, record.value)) is not None:
            keep_highest(found, result)
    return found


def keep_highest(found: dict[str, Segments], result: Segments) -> bool:
    """Keep the result with the highest (generation, revision, enriched); returns whether it is the new one."""
    held = found.get(result.video_id)
    if held is not None and held.order >= result.order:
        return False
    found[result.video_id] = result
    return True


def _seek(consumer: Any, offsets: Mapping[TopicPartition, int]) -> None:
    # by number: `seek_to_beginning` races with the reset to `auto_offset_reset` that an assignment starts
    for partition, offset in offsets.items():
        consumer.seek(partition, offset)


@asynccontextmanager
async def _consumer(settings: Settings, *specs: TopicSpec[Any]) -> AsyncIterator[tuple[Any, list[TopicPartition]]]:
    codec.use_registry(settings.registry_url)
    # no group: readers of results keep no offsets and take nothing from one another
    consumer = AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False)
    await connection.start(consumer, settings)
    try:
        partitions = [TopicPartition(settings.topic(spec.name), n) for spec in specs for n in range(spec.partitions)]
        consumer.assign(partitions)
        yield consumer, partitions
    finally:
        await connection.stop(consumer)


def _decoded(spec: TopicSpec[M], raw: bytes | None) -> M | None:
    if raw is None:
        return None  # a tombstone
    try:
        return codec.decode(spec, raw)
    except (InvalidMessage, RegistryAway):
        return None  # its stage has dead-lettered it; a reader goes on


__all__ = [
    "TERMINAL",
    "check_language",
    "erased_videos",
    "following",
    "following_records",
    "keep_highest",
    "latest_results",
    "next_request",
    "producing",
    "read_all",
    "read_records",
    "read_topics",
    "request_for",
    "requests",
    "timed_requests",
]
