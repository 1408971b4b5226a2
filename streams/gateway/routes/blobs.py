"""`/v1/blobs/{sha256}` and the media of a video: bytes, with ranges."""

from __future__ import annotations

import asyncio
from pathlib import Path as FilePath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from processors.errors import ClipstreamError
from processors.media import staging, weburl
from processors.media.source import fingerprint, resolve, scheme_of
from streams.gateway.access import needs
from streams.gateway.content import Content, answer, from_blob, from_file
from streams.gateway.core import Gateway, TheGateway
from streams.gateway.documents import errors
from streams.gateway.kinds import FIRST_BYTES, media_type
from streams.gateway.problems import Problem
from streams.gateway.routes.videos import VideoId
from streams.sources import name_of
from streams.uploaded import digest_in, is_uploaded

router: Final = APIRouter(tags=["bytes"])
_BYTES: Final[dict[str, Any]] = {
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
}
_ANSWERS: Final = {
    200: {"description": "All of it.", **_BYTES},
    206: {"description": "The range that was asked for.", **_BYTES},
    304: {"description": "It is what If-None-Match names."},
    **errors(404, 416),
}
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the blob, in hex")]


@router.api_route(
    "/v1/blobs/{sha256}",
    methods=["GET"],
    summary="A blob",
    dependencies=[needs("read")],
    response_class=Response,
    responses=_ANSWERS,
)
async def blob(sha256: Sha256, request: Request, gateway: TheGateway) -> Response:
    """A picture, or another blob that a result names. What is named by its hash never changes."""
    uri = f"blob:{sha256}"
    try:
        content = await _blob(gateway, uri, sha256, "")
    except ClipstreamError as error:
        raise Problem(404, f"There is no blob {sha256}.", "It may have been collected.") from error
    return answer(request, content)


@router.api_route(
    "/v1/videos/{video_id}/media",
    methods=["GET"],
    summary="The source of a video",
    dependencies=[needs("read")],
    response_class=Response,
    responses=_ANSWERS,
)
async def media(video_id: VideoId, request: Request, gateway: TheGateway) -> Response:
    """The source file, for playing segments: an upload, a local file that is allowed, or one that was fetched here."""
    video = await gateway.video(video_id)
    asked = video.request
    if asked is None:
        raise _no_media(video_id, "its request is kept no more")
    uri = asked.uri.strip()
    try:
        if is_uploaded(uri):
            sha256 = digest_in(uri)
            return answer(request, await _blob(gateway, f"blob:{sha256}", sha256, name_of(uri)))
        path = await asyncio.to_thread(_local, gateway, uri, asked.source_digest)
        size, changed, inode = await asyncio.to_thread(fingerprint, path)
    except ClipstreamError as error:
        raise _no_media(video_id, error.reason) from error
    first = await asyncio.to_thread(_first, path)
    etag = f'"{size:x}-{changed:x}-{inode:x}"'
    return answer(request, Content(size, etag, media_type(first, path.name), from_file(path), name_of(uri)))


async def _blob(gateway: Gateway, uri: str, sha256: str, name: str) -> Content:
    size = await asyncio.to_thread(gateway.blobs.size, uri)
    read = from_blob(gateway.blobs, uri)
    first = await read(0, min(size, FIRST_BYTES)) if size else b""
    return Content(size, f'"{sha256}"', media_type(first, name), read, name, unchanging=True)


def _local(gateway: Gateway, uri: str, digest: str | None) -> FilePath:
    settings = gateway.settings
    if scheme_of(uri) in weburl.SCHEMES:
        staged = staging.held(uri, settings.staging_dir, digest)
        if staged is None:
            raise ClipstreamError("its source was not fetched to the gateway's machine")
        return staged
    # a path that a message names is read for others only where the gateway would take it from them as well
    if not gateway.local_sources():
        raise ClipstreamError("files of the gateway's machine are not given out")
    return resolve(uri, settings.allowed_schemes, settings.allowed_folders)


def _first(path: FilePath) -> bytes:
    with path.open("rb") as file:
        return file.read(FIRST_BYTES)


def _no_media(video_id: str, why: str) -> Problem:
    return Problem(
        404, f"The source of video '{video_id}' cannot be played here: {why.rstrip('.')}.",
        "Play it where it comes from.", kind="no-media",
    )  # fmt: skip


__all__ = ["router"]
