"""Garbage collection: blobs that no result refers to any more, old entries of the disk cache, fetched sources."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from processors.blobs import BlobMissing, BlobStore
from processors.errors import Fatal
from processors.media import staging
from schemas.messages import VideoJoined
from streams import codec, topics
from streams.client import TERMINAL, latest_results, read_all, requests
from streams.settings import Settings

_URI: Final = re.compile(rb"blob:([0-9a-f]{64})")
_NAME: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(slots=True)
class Collected:
    """What went."""

    blobs: int = 0
    cache_entries: int = 0
    sources: int = 0
    bytes: int = 0
    kept: int = 0


async def collect(settings: Settings, *, older_than_s: float, whole_cache: bool, dry_run: bool) -> Collected:
    """Remove what is neither in use nor young.

    In use is what the newest result of a video names, directly, in its document, or in its parts. Age protects what
    is being worked on: a blob is written before any message names it. Sources that were fetched stay while a video of
    theirs is not through.

    Args:
        settings: with a broker, to know the results.
        older_than_s: keep what was written or read later than that many seconds ago.
        whole_cache: remove cache entries of any age.
        dry_run: only count.

    Raises:
        Fatal: the store is not a local folder (object stores expire objects by their own rules).
        SettingsError, BrokerUnreachable: the results cannot be read.
    """
    if "://" in settings.store:
        raise Fatal("gc works on local stores.", "Use the life-cycle rules of the object store.")
    used = await _used(settings)
    done = Collected()
    limit = time.time_ns() / 1e9 - older_than_s
    for path in _files(Path(settings.store)):
        if path.name in used or path.stat().st_mtime > limit:
            done.kept += 1
        else:
            done.blobs += 1
            done.bytes += _remove(path, dry_run)
    for path in _files(settings.data_dir / "cache"):
        if whole_cache or path.stat().st_mtime <= limit:
            done.cache_entries += 1
            done.bytes += _remove(path, dry_run)
    for place, size in staging.unused(settings.staging_dir, await _open_uris(settings), older_than_s):
        done.sources += 1
        done.bytes += size
        if not dry_run:
            staging.remove(place)
    return done


async def _open_uris(settings: Settings) -> set[str]:
    """Sources of videos that have no terminal result of their newest generation yet."""
    results = await latest_results(settings)
    found: set[str] = set()
    async for video_id, request in requests(settings):
        held = results.get(video_id)
        if held is None or held.generation < request.generation or held.status not in TERMINAL:
            found.add(request.uri.strip())
    return found


async def _used(settings: Settings) -> set[str]:
    blobs = BlobStore(settings.store)
    uris: set[str] = set()
    for result in (await latest_results(settings)).values():
        uris |= _named(codec.encode(topics.SEGMENTS, result))
        if result.document_uri is not None:
            uris |= _named(_content(blobs, result.document_uri))
    async for joined in read_all(settings, topics.VIDEO_JOINED):
        assert isinstance(joined, VideoJoined)
        if joined.parts_uri is not None:
            uris |= {joined.parts_uri.removeprefix("blob:")} | _named(_content(blobs, joined.parts_uri))
    return uris


def _content(blobs: BlobStore, uri: str) -> bytes:
    try:
        return blobs.get(uri)
    except BlobMissing:
        return b""


def _named(content: bytes) -> set[str]:
    return {digest.decode() for digest in _URI.findall(content)}


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("*/*")):
        if _NAME.fullmatch(path.name):
            yield path


def _remove(path: Path, dry_run: bool) -> int:
    size = path.stat().st_size
    if not dry_run:
        path.unlink(missing_ok=True)
    return size
