"""The tiers of the result cache: memory, Redis, disk. Each holds compressed bytes by key and forgets on its own.

All of them may be used by several threads at a time.
"""

from __future__ import annotations

import contextlib
import os
import threading
import uuid
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final, Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from processors.errors import Fatal

# A cache that answers slower than this is worse than the next tier; loopback answers in under 1 ms.
_REDIS_TIMEOUT_S: Final = 0.5
# After a failure the tier is left alone that long: one item in 5 s pays the time-out, not each one.
_REDIS_PAUSE_S: Final = 5.0
# Ten times the look-ups that a worker has under way. Without a free connection it is as slow as one that is away.
_REDIS_CONNECTIONS: Final = 32
# A transcript of 29 s has 1 kB, the list of a 12-hour video's chunks 200 kB. What is larger comes from the disk, rather
# than that it pushes a thousand others out of a server of 256 MB.
_REDIS_MAX_VALUE: Final = 2**20
# 1,000 entries of 1 kB are 1 MB; a few large ones must not make a worker grow.
_MEMORY_MAX_BYTES: Final = 64 * 2**20


class TierUnavailable(Exception):
    """The tier could not answer now; the cache goes on without it."""


class Tier(Protocol):
    """One level of the cache."""

    name: str
    pause_s: float  # how long it is left alone after it could not answer

    def get(self, key: str) -> bytes | None:
        """The value, or None. Raises `TierUnavailable`."""
        ...

    def put(self, key: str, value: bytes) -> bool:
        """Keep a value; returns whether it did. Raises `TierUnavailable`."""
        ...


class MemoryTier:
    """Least recently used entries of this process.

    Args:
        items: most entries kept; 0 keeps none.
        max_bytes: most bytes kept.
    """

    name = "memory"
    pause_s = 0.0

    def __init__(self, items: int, max_bytes: int = _MEMORY_MAX_BYTES) -> None:
        self._items, self._max_bytes = items, max_bytes
        self._entries: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """See `Tier`."""
        with self._lock:
            value = self._entries.get(key)
            if value is not None:
                self._entries.move_to_end(key)
            return value

    def put(self, key: str, value: bytes) -> bool:
        """See `Tier`."""
        with self._lock:
            self._bytes += len(value) - len(self._entries.pop(key, b""))
            self._entries[key] = value
            while len(self._entries) > self._items or self._bytes > self._max_bytes:
                self._bytes -= len(self._entries.popitem(last=False)[1])
            return key in self._entries


class RedisTier:
    """Redis or Valkey, shared by hosts.

    Args:
        url: `redis://host:port/db`, `rediss://` for TLS.
        ttl_s: life of an entry in seconds.
        timeout_s: longest wait for a connection, and for an answer.

    Raises:
        Fatal: the URL is not valid.
    """

    name = "redis"
    pause_s = _REDIS_PAUSE_S

    def __init__(self, url: str, ttl_s: int, timeout_s: float = _REDIS_TIMEOUT_S) -> None:
        self._ttl_s = ttl_s
        try:
            pool = redis.ConnectionPool.from_url(
                url,
                max_connections=_REDIS_CONNECTIONS,
                socket_timeout=timeout_s,
                socket_connect_timeout=timeout_s,
                retry=Retry(NoBackoff(), 0),  # the next tier is there at once
            )
        except ValueError:  # it is not told: its text may hold part of a password
            raise Fatal(
                "The address of the result cache is not valid.",
                "CLIPSTREAM_CACHE_URL must be like redis://host:6379/0; percent-encode what is special in a password.",
            ) from None
        self._client: Any = redis.Redis(connection_pool=pool)

    def check(self) -> None:
        """Ask whether it is there. Raises `TierUnavailable`."""
        try:
            self._client.ping()
        except redis.RedisError as error:
            raise TierUnavailable(str(error)) from error

    def get(self, key: str) -> bytes | None:
        """See `Tier`."""
        try:
            value: bytes | None = self._client.get(f"clipstream:{key}")
        except redis.RedisError as error:
            raise TierUnavailable(str(error)) from error
        return value

    def put(self, key: str, value: bytes) -> bool:
        """See `Tier`. Large values are left to the disk."""
        if len(value) > _REDIS_MAX_VALUE:
            return False
        try:
            self._client.set(f"clipstream:{key}", value, ex=self._ttl_s)
        except redis.RedisError as error:
            raise TierUnavailable(str(error)) from error
        return True


class DiskTier:
    """Files below a folder of this host, kept until `clipstream gc`.

    Args:
        folder: made when it is not there.
    """

    name = "disk"
    pause_s = 0.0  # a full disk still gives what it has

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> bytes | None:
        """See `Tier`."""
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TierUnavailable(str(error)) from error

    def put(self, key: str, value: bytes) -> bool:
        """See `Tier`."""
        path = self._path(key)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(value)
            os.replace(temporary, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise TierUnavailable(str(error)) from error
        return True

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key
