"""`clipstream erase`: in an order in which being killed anywhere loses nothing that the next run needs.

1. An order on `control`, which every worker reads: it drops what still arrives of the video, and its cache in memory.
2. The joiner is told by its own topic, and forgets all but a marker that keeps late parts from beginning anew.
3. Blobs, cache entries, sources, notes and log lines on this host; the rows in the database.
4. Tombstones on `segments`, last: the result names blobs that nothing else does.
5. With `now`, the records at the head of the other topics, where no video under way needs one of them.

Each step finds by itself what is left to do, so a second run ends what a first one began. What is submitted meanwhile,
be it the same bytes or the same id, keeps what it needs: each step that deletes asks anew what is under way, and
nothing goes that was put or touched since the look at the topics, nor what a generation above the erased one has made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import redis
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from processors.blobs import BlobStore
from processors.errors import ClipstreamError, Fatal
from processors.media import staging
from schemas.messages import Control, JoinTimer
from streams import codec, connection, topics
from streams.admin import COMPACTED_WITHIN_MS, connect, gone_after_ms
from streams.client import TERMINAL, erased_videos, latest_results, read_records
from streams.clock import Clock
from streams.collect import ON_THE_WAY, UnderWay, blobs_used, remove_older, videos_under_way
from streams.connection import client_options
from streams.control import cancel
from streams.erasing.cached import erase_in_redis, erase_on_disk, matcher
from streams.erasing.footprint import Footprint, footprint
from streams.erasing.joined import changelog_of, live_rows
from streams.erasing.lines import erase_lines
from streams.erasing.receipt import Receipt
from streams.gateway.uploads import Uploads
from streams.groups import committed_offsets, is_wanted
from streams.secrets import masked
from streams.settings import Settings
from streams.uploaded import is_uploaded

REASON: Final = "erased on request"
JOIN_LIMIT_S: Final = 30.0  # for a joiner that runs; it takes milliseconds, behind a backlog seconds
CANCEL_LIMIT_S: Final = 60.0
_POLL_S: Final = 0.2
_SKEW_S: Final = 60.0
_NEWER: Final = "it was submitted again meanwhile: those of the newer generation take their place"
Say = Callable[[str], None]


async def erase(
    settings: Settings, video_id: str, clock: Clock, *, cancel_first: bool, now: bool, say: Say = lambda _: None
) -> Receipt:
    """Erase a video.

    Args:
        settings: with a broker; data folder, store and caches of this host.
        video_id: the video.
        clock: wall time.
        cancel_first: cancel it where it is under way.
        now: delete records from the heads of topics as well, those of other videos with them.
        say: hears each step before it is done.

    Raises:
        ClipstreamError: nothing is known of it, or it is under way and not to be cancelled.
    """
    say("looking for it")
    found = await footprint(settings, video_id)
    ordered = await _ordered(settings, video_id)
    if not found.known and ordered < 0:
        raise ClipstreamError(f"Nothing is known of video '{video_id}'.", "`clipstream status` lists the videos.")
    if video_id in (await videos_under_way(settings)).videos:
        await _end(settings, video_id, clock, cancel_first=cancel_first, say=say)
        found = await footprint(settings, video_id)
    looked_s = (
        clock.now_ms() / 1000
    )  # what is younger is of videos that were submitted since, or of its next generation
    found.generation = max(found.generation, ordered, 0)
    receipt = Receipt(video_id, found.generation)
    say("orders")
    await _order(settings, found, clock)
    await _join(settings, found, clock, receipt, say)
    say("blobs")
    # the joiner took up to half a minute: others may have been submitted since
    await _blobs(settings, found, await videos_under_way(settings), looked_s, receipt)
    say("caches")
    await asyncio.to_thread(_caches, settings, found, clock, receipt)
    say("sources, notes and logs")
    await asyncio.to_thread(_places, settings, found, await videos_under_way(settings), clock, receipt)
    say("database")
    # where a newer generation has a result, too: those of its sentences may never come, which replace the older ones
    await asyncio.to_thread(erase_in_database, settings, video_id, receipt, found.generation)
    say("results")
    await _tombstones(settings, found, clock, receipt)
    say("records")
    await _records(settings, found, clock, receipt, now=now)
    receipt.left("order and marker with its id", 2, "they keep what still arrives of it from being taken up")
    return receipt


async def _end(settings: Settings, video_id: str, clock: Clock, *, cancel_first: bool, say: Say) -> None:
    if not cancel_first:
        raise ClipstreamError(
            f"Video '{video_id}' is under way.", "Wait for its result, or let `--cancel` end it first."
        )
    say("cancelling it")
    await cancel(settings, video_id, clock)
    deadline_s = clock.monotonic_s() + CANCEL_LIMIT_S
    while True:
        held = (await latest_results(settings)).get(video_id)
        if held is not None and held.status in TERMINAL and video_id not in (await videos_under_way(settings)).videos:
            return
        if clock.monotonic_s() > deadline_s:
            raise ClipstreamError(
                f"Video '{video_id}' is cancelled, but its end was not told within {CANCEL_LIMIT_S:.0f} s.",
                "The agents must run for that: `clipstream up`, then run this command again.",
            )
        await clock.sleep(_POLL_S)


async def _ordered(settings: Settings, video_id: str) -> int:
    """The generation up to which the video was to be erased before; -1 where it was not."""
    return (await erased_videos(settings)).get(video_id, -1)


async def _renewed(settings: Settings, found: Footprint) -> bool:
    """Whether a later generation has a result, which is not to be erased."""
    held = (await latest_results(settings)).get(found.video_id)
    return held is not None and held.generation > found.generation


async def _order(settings: Settings, found: Footprint, clock: Clock) -> None:
    video_id, at_ms = found.video_id, clock.now_ms()
    order = Control(video_id, "erase", at_ms, found.generation)
    timer = JoinTimer(video_id, found.generation, "erase", at_ms, REASON)
    partition = topics.video_partition(video_id, topics.JOIN_TIMER.partitions)
    # a key of its own: else compaction keeps a later cancel alone, and readers tell again of what was erased
    key = f"{video_id}:erase".encode()
    await _send(settings, topics.CONTROL.name, key, codec.encode(topics.CONTROL, order), 0)
    await _send(settings, topics.JOIN_TIMER.name, video_id.encode(), codec.encode(topics.JOIN_TIMER, timer), partition)


async def _join(settings: Settings, found: Footprint, clock: Clock, receipt: Receipt, say: Say) -> None:
    """Wait until the joiner has forgotten the rows."""
    before = await live_rows(settings, found.video_id)
    say("waiting for the joiner")
    deadline_s = clock.monotonic_s() + JOIN_LIMIT_S
    while (rows := await live_rows(settings, found.video_id)) and clock.monotonic_s() < deadline_s:
        await clock.sleep(_POLL_S)
    receipt.gone("rows of the join", before - rows, where=changelog_of(settings))
    receipt.left("rows of the join", rows, "no joiner took the order; start the agents, then run this command again")
    receipt.complete = receipt.complete and not rows


async def _blobs(settings: Settings, found: Footprint, under_way: UnderWay, looked_s: float, receipt: Receipt) -> None:
    if "://" in settings.store:
        receipt.left("blobs", len(found.digests), "the store has rules of its own; delete them there", None)
        receipt.complete = receipt.complete and not found.digests
        return
    used = await blobs_used(settings, under_way.videos, but_by=found.video_id, until=found.generation)
    limit_s = min(looked_s, under_way.since_s - _SKEW_S)
    count = size = shared = young = 0
    for digest in sorted(found.digests):
        path = Path(settings.store) / digest[:2] / digest
        if digest in used:
            shared += path.exists()
            continue
        freed = await asyncio.to_thread(remove_older, path, limit_s, dry_run=False)
        if freed is None:
            young += path.exists()
        else:
            count, size = count + 1, size + freed
    receipt.gone("blobs", count, size, settings.store)
    receipt.left("blobs with the same bytes", shared, "another video, or a newer generation, has them as well")
    receipt.left("blobs", young, "a video under way may have them as well; run this command again when it is through")
    receipt.complete = receipt.complete and not young


def _caches(settings: Settings, found: Footprint, clock: Clock, receipt: Receipt) -> None:
    matches = matcher(found)
    count, size = erase_on_disk(settings.result_cache_dir, matches)
    receipt.gone("entries of the result cache", count, size, str(settings.result_cache_dir))
    if settings.cache_url:
        try:
            receipt.gone("entries of the shared cache", erase_in_redis(settings.cache_url, matches))
        except redis.RedisError:
            until_ms = clock.now_ms() + settings.cache_ttl_s * 1000
            receipt.left("entries of the shared cache", 1, "it does not answer; they expire", until_ms)


def _places(settings: Settings, found: Footprint, under_way: UnderWay, clock: Clock, receipt: Receipt) -> None:
    """Sources that were fetched or uploaded, notes, log lines."""
    staged = kept = count = 0
    for uri in sorted(found.uris):
        place = settings.staging_dir / staging.key_of(uri)
        if place.is_dir() and uri in under_way.uris:
            kept += 1
        elif place.is_dir():
            staging.remove(place)
            staged += 1  # any other file is its owner's: uploads are blobs
    receipt.gone("sources that were fetched or uploaded", staged, where=str(settings.staging_dir))
    receipt.left("sources that were fetched", kept, "a video under way has the same one; `gc` removes it later")
    unwanted = {uri for uri in found.uris - under_way.uris if is_uploaded(uri)}
    uploads = Uploads(settings, clock, BlobStore(settings.store)).forget(unwanted) if unwanted else 0
    receipt.gone("notes of uploads", uploads, where=settings.store)
    attempts = settings.data_dir / "attempts"
    for name, share in found.shares.items():
        for partition, offset in share.places:
            for note in attempts.glob(f"*/{settings.topic(name)}-{partition}-{offset}"):
                note.unlink(missing_ok=True)
                count += 1
    receipt.gone("notes of work under way", count, where=str(attempts))
    lines, size = erase_lines(settings.log_dir, found.video_id)
    receipt.gone("lines of logs", lines, size, str(settings.log_dir))
    receipt.left("caches and logs of other hosts", 1, "run this command there too, if there are any")


def erase_in_database(settings: Settings, video_id: str, receipt: Receipt, until: int) -> None:
    """Delete the rows of a video up to a generation, where there is a database; the receipt says how many."""
    if not settings.database_url:
        return
    import psycopg  # half a second, where there is a database

    from streams.database import connection
    from streams.database.erase import erase_rows
    from streams.database.write import lock

    try:
        with connection.connect(settings) as held, held.transaction(), held.cursor() as cursor:
            lock(cursor, [video_id])  # a sink may write a newer generation
            counts = erase_rows(cursor, {video_id: until})
    except psycopg.Error as error:
        raise connection.meaning_of(error, connection.place_of(settings)) from error
    receipt.gone("rows in the database", sum(counts.values()), where=masked(settings.database_url))


async def _tombstones(settings: Settings, found: Footprint, clock: Clock, receipt: Receipt) -> None:
    share = found.shares.get(topics.SEGMENTS.name)
    keys = share.keys if share is not None else set()
    if keys and await _renewed(settings, found):
        until_ms = clock.now_ms() + COMPACTED_WITHIN_MS
        receipt.left("results", share.records if share is not None else 0, _NEWER, until_ms)
        return
    for key in keys:
        partition = topics.video_partition(found.video_id, topics.SEGMENTS.partitions)
        await _send(settings, topics.SEGMENTS.name, key, None, partition)
    receipt.gone("results", share.records if share is not None else 0, where=settings.topic(topics.SEGMENTS.name))
    until_ms = clock.now_ms() + COMPACTED_WITHIN_MS
    why = "no reader sees them; their bytes leave the disk when Kafka compacts"
    receipt.left("bytes of results and rows of the join", len(keys), why, until_ms)


async def _records(settings: Settings, found: Footprint, clock: Clock, receipt: Receipt, *, now: bool) -> None:
    for spec in topics.ALL:
        share = found.shares.get(spec.name)
        if share is None or spec.retention_ms is None:
            continue
        left = share.records
        if now:
            others = (await videos_under_way(settings)).videos  # its own next generation with them
            deleted = await _delete_heads(settings, spec, share.last, others)
            left = sum(1 for partition, offset in share.places if offset >= deleted.get(partition, 0))
            receipt.gone("records", share.records - left, where=settings.topic(spec.name))
        until_ms = share.last_ms + gone_after_ms(spec, settings)
        receipt.left(f"records on {settings.topic(spec.name)}", left, "Kafka deletes by age alone", until_ms)


async def _delete_heads(
    settings: Settings, spec: topics.TopicSpec[Any], last: dict[int, int], others: set[str]
) -> dict[int, int]:
    """Delete up to the last record of the video, short of the first one of those under way, and of what a sink has not
    read yet, also of videos that are through; partition -> offset."""
    ends = {partition: offset + 1 for partition, offset in last.items()}
    if spec is topics.CONTENT_RESULT:
        ends = await _read_by_sink(settings, ends)
    async for record in read_records(settings, spec):
        if record.partition in ends and record.offset < ends[record.partition] and _of_any(spec, record, others):
            ends[record.partition] = record.offset
    wanted = {
        TopicPartition(settings.topic(spec.name), partition): RecordsToDelete(before_offset=offset)
        for partition, offset in ends.items()
    }
    admin = await connect(settings)
    try:
        await admin.delete_records(wanted)
    except Exception as error:
        raise Fatal(f"The broker did not delete records of {spec.name}: {error}.", "It needs the right to.") from error
    finally:
        await connection.stop(admin)
    return ends


async def _read_by_sink(settings: Settings, ends: dict[int, int]) -> dict[int, int]:
    """These ends, short of what the sink has not committed; as they are where no sink is, nor ever was."""
    name = settings.topic(topics.CONTENT_RESULT.name)
    partitions = [TopicPartition(name, partition) for partition in range(topics.CONTENT_RESULT.partitions)]
    kept = await committed_offsets(settings, "sink", partitions)
    if not is_wanted("sink", settings) and not any(kept.values()):
        return ends
    return {partition: min(end, kept[TopicPartition(name, partition)]) for partition, end in ends.items()}


def _of_any(spec: topics.TopicSpec[Any], record: Any, videos: set[str]) -> bool:
    """Whether a record may be of one of these videos; a request whose key says nothing may."""
    if spec in ON_THE_WAY or spec.keyed_by_video:
        return (record.key or b"").partition(b":")[0].decode(errors="replace") in videos
    return bool(videos)


async def _send(settings: Settings, name: str, key: bytes, value: bytes | None, partition: int) -> None:
    producer = AIOKafkaProducer(**client_options(settings), acks="all")
    await connection.start(producer, settings)
    try:
        await producer.send_and_wait(settings.topic(name), value, key=key, partition=partition)
    finally:
        await connection.stop(producer)


__all__ = ["REASON", "erase", "erase_in_database"]
