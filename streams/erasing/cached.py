"""Entries of the result cache that were made of a video, found by what they hold: their keys are hashes that say
nothing.

An entry is of the video when it names one of its blobs, holds one of its segments, or is what a stage published of it.
An entry that two videos share goes as well: it is computed anew for the other one when that asks.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson
import redis

from streams.collect import named_in
from streams.erasing.footprint import Footprint
from streams.work import hash_of

_PREFIX: Final = "clipstream:"
_MAX_UNPACKED: Final = 256 * 2**20  # as the cache itself
_SCANNED: Final = 500  # keys that the server is asked for at a time


def matcher(found: Footprint) -> Callable[[bytes], bool]:
    """Whether a packed entry is of a video."""
    segment = f'"{found.video_id}-'.encode()

    def matches(packed: bytes) -> bool:
        try:
            body = zlib.decompressobj().decompress(packed, _MAX_UNPACKED)
        except zlib.error:
            return False  # no entry of ours
        _, *outputs = body.split(b"\n")
        if segment in body or not found.digests.isdisjoint(named_in(body)):
            return True
        return any(_hash(output) in found.outputs for output in outputs)

    return matches


def erase_on_disk(folder: Path, matches: Callable[[bytes], bool]) -> tuple[int, int]:
    """Remove the entries of the disk tier that match; how many, and their bytes."""
    count = size = 0
    for path in sorted(folder.glob("*/*")):
        with suppress(FileNotFoundError, IsADirectoryError):
            packed = path.read_bytes()
            if matches(packed):
                path.unlink(missing_ok=True)
                count, size = count + 1, size + len(packed)
    return count, size


def erase_in_redis(url: str, matches: Callable[[bytes], bool]) -> int:
    """Remove the entries in Redis or Valkey that match; how many. Raises `redis.RedisError`."""
    client: Any = redis.Redis.from_url(url, socket_timeout=5.0, socket_connect_timeout=5.0)
    count = 0
    try:
        for key in client.scan_iter(match=f"{_PREFIX}*", count=_SCANNED):
            value = client.get(key)
            if value is not None and matches(value):
                count += int(client.delete(key))
    finally:
        client.close()
    return count


def _hash(output: bytes) -> str:
    try:
        return hash_of(orjson.loads(output))
    except orjson.JSONDecodeError:
        return ""


__all__ = ["erase_in_redis", "erase_on_disk", "matcher"]
