"""Asks the servers whether they are ready: one request over a plain socket each, limited in time, no client library."""

from __future__ import annotations

import http.client
import socket
import struct
from http import HTTPStatus
from typing import Final

from ops.local.ports import LOOPBACK

# Loopback answers within a millisecond; a whole second without an answer is "not ready", and the caller asks again.
ANSWER_LIMIT_S: Final = 1.0
_METADATA_KEY: Final = 3
_METADATA_VERSION: Final = 4  # the last one in the old encoding without tagged fields; Kafka 4 still speaks it
_CLIENT_ID: Final = b"clipstream-probe"
_MAX_ANSWER_BYTES: Final = 65_536


def kafka_ready(port: int, limit_s: float = ANSWER_LIMIT_S) -> bool:
    """Whether the broker takes clients: a Metadata request is answered with at least one live broker.

    An accepted connection or an ApiVersions answer comes too early: the broker is still fenced then, and clients
    would see an empty cluster.

    Args:
        port: of the broker, on loopback.
        limit_s: for each of connecting, sending and receiving.
    """
    no_topics, no_creation = struct.pack(">i", 0), b"\0"
    header = struct.pack(">hhih", _METADATA_KEY, _METADATA_VERSION, 1, len(_CLIENT_ID)) + _CLIENT_ID
    request = header + no_topics + no_creation
    try:
        with socket.create_connection((LOOPBACK, port), limit_s) as one:
            one.settimeout(limit_s)
            one.sendall(struct.pack(">i", len(request)) + request)
            (size_bytes,) = struct.unpack(">i", _receive(one, 4))
            answer = _receive(one, min(size_bytes, _MAX_ANSWER_BYTES))
        _correlation, _throttle_ms, brokers = struct.unpack_from(">iii", answer)
    except (OSError, struct.error):
        return False
    return int(brokers) >= 1


def valkey_ready(port: int, limit_s: float = ANSWER_LIMIT_S) -> bool:
    """Whether Valkey answers PING.

    Args:
        port: on loopback.
        limit_s: for each of connecting, sending and receiving.
    """
    try:
        with socket.create_connection((LOOPBACK, port), limit_s) as one:
            one.settimeout(limit_s)
            one.sendall(b"*1\r\n$4\r\nPING\r\n")
            return _receive(one, 5) == b"+PONG"
    except OSError:
        return False


def http_ready(port: int, path: str, limit_s: float = ANSWER_LIMIT_S) -> bool:
    """Whether a GET on loopback is answered with 200.

    Args:
        port: of the server.
        path: of the page, with its leading slash.
        limit_s: for each of connecting, sending and receiving.
    """
    asked = http.client.HTTPConnection(LOOPBACK, port, timeout=limit_s)
    try:
        asked.request("GET", path)
        return asked.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


def listens(port: int, limit_s: float = ANSWER_LIMIT_S) -> bool:
    """Whether anything accepts connections there: enough for a server that was ready before."""
    try:
        with socket.create_connection((LOOPBACK, port), limit_s):
            return True
    except OSError:
        return False


def _receive(one: socket.socket, size_bytes: int) -> bytes:
    received = b""
    while len(received) < size_bytes:
        chunk = one.recv(size_bytes - len(received))
        if not chunk:
            raise ConnectionError("closed by the server")
        received += chunk
    return received


__all__ = ["ANSWER_LIMIT_S", "http_ready", "kafka_ready", "listens", "valkey_ready"]
