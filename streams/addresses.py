"""Addresses in the settings, looked at before anything connects. No reason repeats one: it may hold a password."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

_SCHEME: Final = "kafka://"
_SERVER: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")
_CACHE: Final = re.compile(r"(rediss?|unix)://\S+")
_SERVICE: Final = re.compile(r"https?://[^\s/]+(/\S*)?")
_DATABASE: Final = re.compile(r"postgres(?:ql)?://(?:[^\s:@/?#]+(?::[^\s:@/?#]*)?@)?[^\s@/?#]+/[^\s@/?#]+(?:\?\S*)?")
_MAX_PORT: Final = 65_535


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def servers(broker_url: str) -> list[str]:
    """The `host:port` of each broker."""
    return [part.strip().removeprefix(_SCHEME) for part in broker_url.replace(";", ",").split(",")]


def checked_broker(url: str) -> str:
    """The address of a broker, as it is; empty for none.

    Raises:
        ValueError: it has not the form `kafka://host:port[;host:port]`.
    """
    if not url:
        return url
    if "@" in url:
        raise ValueError(
            "it holds a user or a password; CLIPSTREAM_SASL_USERNAME and CLIPSTREAM_SASL_PASSWORD name these"
        )
    for server in servers(url):
        found = _SERVER.fullmatch(server)
        if found is None or not 0 < int(found[2] or 1) <= _MAX_PORT:
            raise ValueError("it must be like kafka://host:9092, or kafka://host:9092;other:9092")
    return url


def checked_cache(url: str) -> str:
    """The address of a result cache, as it is; empty for none.

    Raises:
        ValueError: it is none of Redis or Valkey.
    """
    if url and not _CACHE.fullmatch(url):
        raise ValueError("it must be like redis://host:6379/0, rediss://host:6379/0 or unix:///path")
    return url


def checked_database(url: str) -> str:
    """The address of a Postgres, as it is; empty for none.

    Raises:
        ValueError: it is none, or holds a password behind the question mark, where nothing would mask it.
    """
    if not url:
        return url
    if not _DATABASE.fullmatch(url) or not _has_port(url.replace("postgres", "http", 1)):
        raise ValueError(
            "it must be like postgresql://user:password@host:5432/name, with %-signs for any of : / ? # @ in a password"
        )
    if "password=" in url.partition("?")[2].lower():
        raise ValueError("a password stands before the host: postgresql://user:password@host:5432/name")
    return url


def checked_service(url: str) -> str:
    """The address of a service over http(s), as it is; empty for none. It is shown, so nothing secret may be in it.

    Raises:
        ValueError: it holds a user, a password, a query or a fragment, or is no such address.
    """
    if not url:
        return url
    if "@" in url:
        raise ValueError("it holds a user or a password; the setting of its key is for these")
    if "?" in url or "#" in url:
        raise ValueError(
            "it holds a query or a fragment, to which no path can be added; a key has a setting of its own"
        )
    if not _SERVICE.fullmatch(url) or not _has_port(url):
        raise ValueError("it must be like https://host/v1 or http://host:8000/v1")
    return url


def _has_port(url: str) -> bool:
    """Whether host and port can be told apart, and the port is one or is left out."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


__all__ = ["checked_broker", "checked_cache", "checked_database", "checked_service", "is_loopback", "servers"]
