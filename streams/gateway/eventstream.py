"""Server-sent events of one reader: what it missed, then what comes; bounded in memory and in patience.

Progress waits up to half a second for more of it; a result goes out at once. A reader that does not take what is sent
is closed with a hint, and comes back with `Last-Event-ID`, on whatever gateway.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import suppress
from typing import Any, Final

import orjson
from fastapi import Response

from streams.gateway import vector
from streams.gateway.core import Gateway
from streams.gateway.feed import PROGRESS, SEGMENTS, Entry, Reader, coalesced
from streams.gateway.rereading import reread
from streams.gateway.vector import Vector
from streams.metrics import GATEWAY_OVERRUNS, GATEWAY_READERS

HEARTBEAT_S: Final = 15.0
# People see no more than two steps a second, and a worker tells one a second for each video.
COALESCE_S: Final = 0.5
_WRITE_S: Final = 30.0  # a reader that takes nothing for so long is gone
_RETRY_MS: Final = 1_000


class EventStream(Response):
    """An answer that goes on.

    Args:
        gateway: view and settings.
        video_id: only events of that video; None for all.
        since: what the reader has seen; None for a new one.
        rereads: at most so many readers read from Kafka at a time.
    """

    media_type = "text/event-stream"

    def __init__(
        self, gateway: Gateway, video_id: str | None, since: Vector | None, rereads: asyncio.Semaphore
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._gateway = gateway
        self._video_id = video_id
        self._since = since
        self._rereads = rereads

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """See ASGI."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        writing = asyncio.create_task(self._write(send))
        leaving = asyncio.create_task(_gone(receive))
        ending = asyncio.create_task(self._gateway.stopping.wait())
        GATEWAY_READERS.inc()
        try:
            await asyncio.wait({writing, leaving, ending}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done():
                writing.result()
            elif ending.done():
                with suppress(OSError, TimeoutError):
                    await _put(send, _hint("the gateway stops"))
        finally:
            GATEWAY_READERS.dec()
            for task in (writing, leaving, ending):
                task.cancel()
            for task in (writing, leaving, ending):
                with suppress(asyncio.CancelledError, OSError, TimeoutError):
                    await task
        with suppress(OSError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, send: Any) -> None:
        with suppress(TimeoutError, OSError):
            async for text in self._texts():
                await _put(send, text)

    async def _texts(self) -> AsyncIterator[bytes]:
        view, settings = self._gateway.view, self._gateway.settings
        until = view.vector
        reader = Reader(self._video_id, self._since or until, settings.gateway_event_backlog)
        view.feed.join(reader)
        try:
            # nothing is awaited from here to the first text: what comes meanwhile would be in it and in the queue, too
            begin = f"retry: {_RETRY_MS}\n\n".encode()
            if self._since is None:
                yield begin + self._now(reader.since)
            elif view.feed.holds(self._since):
                missed = coalesced(view.feed.behind(self._since, self._video_id))
                yield begin + _texts(reader, missed) + _ready(reader.since)
            else:
                yield begin
                async with self._rereads:
                    async for entries in reread(settings, view, self._since, until, self._video_id):
                        yield _texts(reader, entries)
                reader.since = vector.later(reader.since, until)
                yield _ready(reader.since)
            async for text in _live(reader):
                yield text
        finally:
            view.feed.leave(reader)

    def _now(self, at: Vector) -> bytes:
        """What a new reader of a video begins with: how it stands."""
        video = None if self._video_id is None else self._gateway.view.videos.get(self._video_id)
        found = b""
        if video is not None:
            found += _text(PROGRESS, at, self._gateway.view.progress_told(video.video_id))
            if video.status_told is not None:
                found += _text(SEGMENTS, at, orjson.dumps(video.status_told))
        return found + _ready(at)


async def _live(reader: Reader) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await reader.arrived()
        except TimeoutError:
            yield b": still here\n\n"
            continue
        if not reader.urgent():
            with suppress(TimeoutError):
                async with asyncio.timeout(COALESCE_S):
                    await reader.pressing()
        if reader.overrun:
            GATEWAY_OVERRUNS.inc()
            yield _hint("too much was waiting")
            return
        yield _texts(reader, reader.take())


def _texts(reader: Reader, entries: list[Entry]) -> bytes:
    return b"".join(_text(entry.kind, reader.seen(entry), entry.tell()) for entry in entries)


def _text(kind: str, at: Vector, body: bytes) -> bytes:
    # JSON in one line, as orjson writes it, so nothing in it can end the field
    return f"id: {vector.encode(at)}\nevent: {kind}\ndata: ".encode() + body + b"\n\n"


def _ready(at: Vector) -> bytes:
    return _text("ready", at, b"{}")


def _hint(why: str) -> bytes:
    return b"event: resume\ndata: " + orjson.dumps({"why": why, "how": "connect again with Last-Event-ID"}) + b"\n\n"


async def _put(send: Any, text: bytes) -> None:
    async with asyncio.timeout(_WRITE_S):
        await send({"type": "http.response.body", "body": text, "more_body": True})


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


__all__ = ["COALESCE_S", "HEARTBEAT_S", "EventStream"]
