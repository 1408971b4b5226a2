"""Garbage collection: blobs that no result refers to any more, old entries of the disk cache, fetched sources.

A blob is written, or touched when it is there already, before any message names it. So these rules keep what is needed,
whatever goes on meanwhile:

- Nothing goes that was put or touched since gc began, or shortly before: a request that comes now needs nothing older.
- Nothing goes that was put or touched since the oldest request of those under way.
- What a record of a video under way names stays, whatever its age: the clock of another host may be wrong.
- What the newest result of a video names stays, and the parts of every join.
- Uploads that a request on the ingest topic names stay.

A file is set aside before it is judged for the last time: whoever puts it from then on writes it anew.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from processors.blobs import BlobMissing, BlobStore
from processors.errors import ClipstreamError, Fatal, InvalidMessage
from processors.media import staging
from schemas.messages import VideoJoined
from streams import codec, identity, topics
from streams.client import TERMINAL, erased_videos, latest_results, read_all, read_records, read_topics, requests
from streams.settings import Settings
from streams.topics import TopicSpec

_URI: Final = re.compile(rb"blob:([0-9a-f]{64})")
_NAME: Final = re.compile(r"[0-9a-f]{64}")
# From a blob to the record that names it, also of a late part, whose video is through. It covers as well that the time
# of a file comes from a clock of the kernel that ticks some 100 times a second.
_GRACE_S: Final = 5.0
_SKEW_S: Final = 60.0  # how far the clock of a host that submits may be ahead of the store's
# What names blobs on the way to a result; `video-joined` is always looked at.
ON_THE_WAY: Final[tuple[TopicSpec[Any], ...]] = (
    *topics.lanes(topics.AUDIO_CHUNK),
    *topics.lanes(topics.FRAME_BATCH),
    topics.TRANSCRIPT,
    topics.VISION_RESULT,
)  # those of content name none


@dataclass(slots=True)
class Collected:
    """What went."""

    blobs: int = 0
    cache_entries: int = 0
    sources: int = 0
    bytes: int = 0
    kept: int = 0
    under_way: int = 0  # videos


@dataclass(slots=True)
class UnderWay:
    """Videos with a request that has no last result yet."""

    videos: set[str] = field(default_factory=set)
    uris: set[str] = field(default_factory=set)  # of their sources
    since_s: float = float("inf")  # time of the oldest of their requests


async def collect(settings: Settings, *, older_than_s: float, whole_cache: bool, dry_run: bool) -> Collected:
    """Remove what is neither in use nor young. Sources that were fetched stay while a video of theirs is not through.

    Args:
        settings: with a broker, to know the results.
        older_than_s: keep what was written or used later than that many seconds ago.
        whole_cache: remove cache entries of any age.
        dry_run: only count.

    Raises:
        Fatal: the store is not a local folder (object stores expire objects by their own rules).
        SettingsError, BrokerUnreachable, RegistryAway: requests or results cannot be read.
    """
    if "://" in settings.store:
        raise Fatal("gc works on local stores.", "Use the life-cycle rules of the object store.")
    limit = time.time_ns() / 1e9 - older_than_s  # before anything is read: what is put from now on is younger
    under_way = await videos_under_way(settings)
    used = await blobs_used(settings, under_way.videos)
    done = Collected(under_way=len(under_way.videos))
    blob_limit = min(limit - _GRACE_S, under_way.since_s - _SKEW_S)
    for path in _files(Path(settings.store)):
        size = None if path.name in used else remove_older(path, blob_limit, dry_run=dry_run)
        if size is None:
            done.kept += 1
        else:
            done.blobs += 1
            done.bytes += size
    for path in _files(settings.result_cache_dir):
        size = remove_older(path, float("inf") if whole_cache else limit, dry_run=dry_run)
        if size is not None:
            done.cache_entries += 1
            done.bytes += size
    for place, size in staging.unused(settings.staging_dir, under_way.uris, older_than_s):
        done.sources += 1
        done.bytes += size
        if not dry_run:
            staging.remove(place)
    return done


async def videos_under_way(settings: Settings) -> UnderWay:
    """Results are read first: a video that ends in between counts as under way."""
    results, erased = await latest_results(settings), await erased_videos(settings)
    found = UnderWay()
    async for record in read_records(settings, topics.VIDEO_INGESTED):
        try:
            request = identity.request_of(codec.decode(topics.VIDEO_INGESTED, record.value))
        except InvalidMessage:
            continue  # it is among the dead letters
        if request.generation <= erased.get(request.video_id, -1):
            continue
        held = results.get(request.video_id)
        if held is None or (held.generation, held.status in TERMINAL) < (request.generation, True):
            found.videos.add(request.video_id)
            found.uris.add(request.uri.strip())
            found.since_s = min(found.since_s, record.timestamp / 1000)
    return found


async def blobs_used(settings: Settings, under_way: set[str], but_by: str | None = None, until: int = 0) -> set[str]:
    """Digests of the blobs that something names, but for what one video alone does, up to one of its generations."""

    def counts(video_id: str, generation: int) -> bool:
        return video_id != but_by or generation > until

    blobs = BlobStore(settings.store)
    found: set[str] = set()
    for video_id, result in (await latest_results(settings)).items():
        if not counts(video_id, result.generation):
            continue
        found |= named_in(codec.encode(topics.SEGMENTS, result))
        if result.document_uri is not None:
            found |= named_in(content_of(blobs, result.document_uri))
    async for joined in read_all(settings, topics.VIDEO_JOINED):
        assert isinstance(joined, VideoJoined)
        if joined.parts_uri is not None and counts(joined.video_id, joined.generation):
            found |= {joined.parts_uri.removeprefix("blob:")} | named_in(content_of(blobs, joined.parts_uri))
    # uploads: a replay needs them for as long as it finds their request
    async for video_id, request in requests(settings):
        if counts(video_id, request.generation):
            found |= named_in(request.uri.encode())
    if not under_way:
        return found
    async for spec, record in read_topics(settings, *ON_THE_WAY):
        video_id = (record.key or b"").partition(b":")[0].decode(errors="replace")
        if video_id in under_way and (video_id != but_by or counts(video_id, _generation_of(spec, record))):
            found |= named_in(record.value or b"")
    return found


def _generation_of(spec: TopicSpec[Any], record: Any) -> int:
    try:
        return int(codec.decode(spec, record.value).header.generation)
    except (ClipstreamError, AttributeError):
        return -1  # nobody works on it


def content_of(blobs: BlobStore, uri: str) -> bytes:
    try:
        return blobs.get(uri)
    except BlobMissing:
        return b""


def named_in(content: bytes) -> set[str]:
    return {digest.decode() for digest in _URI.findall(content)}


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("*/*")):
        if _NAME.fullmatch(path.name):
            yield path


def remove_older(path: Path, limit: float, *, dry_run: bool) -> int | None:
    """Remove a file that was last put or touched before a time; returns its size, or None when it stays."""
    with suppress(FileNotFoundError):  # another gc was quicker
        if path.stat().st_mtime > limit:
            return None
        if dry_run:
            return path.stat().st_size
        aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        path.rename(aside)
        held = aside.stat()
        if held.st_mtime > limit:  # touched since the look above
            aside.rename(path)
            return None
        aside.unlink()
        return held.st_size
    return None
