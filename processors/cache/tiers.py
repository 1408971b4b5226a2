"""The tiers of the result cache: memory, Redis, disk. Each holds compressed bytes by key and forgets on its own."""

from __future__ import annotations

import os
import uuid
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final, Protocol

import redis

# A cache that answers slower than this is worse than the next tier; loopback answers in under 1 ms.
_REDIS_TIMEOUT_S: Final = 0.5


class TierUnavailable(Exception):
    """The tier could not answer now; the cache goes on without it."""


class Tier(Protocol):
    """One level of the cache."""

    name: str

    def get(self, key: str) -> bytes | None:
        """The value, or None. Raises `TierUnavailable`."""
        ...

    def put(self, key: str, value: bytes) -> None:
        """Keep a value. Raises `TierUnavailable`."""
        ...


class MemoryTier:
    """Least recently used entries of this process.

    Args:
        items: most entries kept; 0 keeps none.
    """

    name = "memory"

    def __init__(self, items: int) -> None:
        self._items = items
        self._entries: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """See `Tier`."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: str, value: bytes) -> None:
        """See `Tier`."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        while len(self._entries) > self._items:
            self._entries.popitem(last=False)


class RedisTier:
    """Redis or Valkey, shared by hosts.

    Args:
        url: `redis://host:port/db`.
        ttl_s: life of an entry in seconds.
    """

    name = "redis"

    def __init__(self, url: str, ttl_s: int) -> None:
        self._ttl_s = ttl_s
        self._client: Any = redis.Redis.from_url(
            url, socket_timeout=_REDIS_TIMEOUT_S, socket_connect_timeout=_REDIS_TIMEOUT_S
        )

    def get(self, key: str) -> bytes | None:
        """See `Tier`."""
        try:
            value: bytes | None = self._client.get(f"clipstream:{key}")
        except redis.RedisError as error:
            raise TierUnavailable(str(error)) from error
        return value

    def put(self, key: str, value: bytes) -> None:
        """See `Tier`."""
        try:
            self._client.set(f"clipstream:{key}", value, ex=self._ttl_s)
        except redis.RedisError as error:
            raise TierUnavailable(str(error)) from error


class DiskTier:
    """Files below a folder of this host, kept until `clipstream gc`.

    Args:
        folder: made when it is not there.
    """

    name = "disk"

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

    def put(self, key: str, value: bytes) -> None:
        """See `Tier`."""
        path = self._path(key)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(value)
            os.replace(temporary, path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise TierUnavailable(str(error)) from error

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key
