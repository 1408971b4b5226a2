"""Bytes as answers: whole or a range of them, with a tag, read piece by piece in threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from processors.blobs import BlobStore
from streams.gateway.problems import Problem
from streams.gateway.ranges import NotSatisfiable, Span, matches, parse_range

_PIECE: Final = 1 << 18
Read = Callable[[int, int], Awaitable[bytes]]  # from, up to


@dataclass(frozen=True, slots=True)
class Content:
    """Something to send.

    Attributes:
        size: bytes.
        etag: with its quotes; changes with the bytes.
        kind: media type.
        read: gives a part of it.
        name: under which a browser would keep it; empty for none.
        unchanging: whether it can never be anything else, as what is named by its hash.
    """

    size: int
    etag: str
    kind: str
    read: Read
    name: str = ""
    unchanging: bool = False


def from_blob(blobs: BlobStore, uri: str) -> Read:
    """Reads a blob."""

    async def read(start: int, end: int) -> bytes:
        return await asyncio.to_thread(blobs.read, uri, start, end)

    return read


def from_file(path: Path) -> Read:
    """Reads a file."""

    def part(start: int, end: int) -> bytes:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(end - start)

    async def read(start: int, end: int) -> bytes:
        return await asyncio.to_thread(part, start, end)

    return read


def answer(request: Request, content: Content) -> Response:
    """The answer to a request for it.

    Raises:
        Problem: the range is behind its end.
    """
    headers = {
        "ETag": content.etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=31536000, immutable" if content.unchanging else "private, no-cache",
    }
    if content.name:
        headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(content.name, safe='')}"
    if matches(request.headers.get("if-none-match"), content.etag):
        return Response(status_code=304, headers=headers)
    condition = request.headers.get("if-range")
    wanted = request.headers.get("range") if condition in (None, content.etag) else None
    try:
        span = parse_range(wanted, content.size)
    except NotSatisfiable as error:
        raise Problem(
            416, f"There are {content.size:,} bytes; the range is behind them.", "Ask for a range within them.",
            headers={"Content-Range": f"bytes */{content.size}"},
        ) from error  # fmt: skip
    sent = span or Span(0, content.size - 1)
    headers["Content-Length"] = str(sent.length)
    headers["Content-Type"] = content.kind
    if span is not None:
        headers["Content-Range"] = f"bytes {span.start}-{span.end}/{content.size}"
    status = 200 if span is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_pieces(content, sent), status_code=status, headers=headers, media_type=content.kind)


async def _pieces(content: Content, span: Span) -> AsyncIterator[bytes]:
    at = span.start
    while at <= span.end:
        piece = await content.read(at, min(at + _PIECE, span.end + 1))
        if not piece:
            raise OSError("it became shorter while it was sent")  # the connection ends, so nobody takes it for whole
        at += len(piece)
        yield piece


__all__ = ["Content", "Read", "answer", "from_blob", "from_file"]
