"""`/v1/uploads`: resumable uploads by tus 1.0.0: core, creation, expiration, termination."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect

from processors.errors import ClipstreamError
from streams.gateway import tus
from streams.gateway.access import needs
from streams.gateway.core import Gateway, TheCaller, TheGateway
from streams.gateway.documents import errors
from streams.gateway.guard import Caller
from streams.gateway.models import UPLOAD_PATTERN
from streams.gateway.problems import Problem, problem_of
from streams.gateway.uploads import PART_BYTES, Info, NoUpload, TooMany

router: Final = APIRouter(prefix="/v1/uploads", tags=["uploads"])
UploadId = Annotated[
    str, Path(pattern=UPLOAD_PATTERN, description="id of the upload", examples=["0f8fad5bd9cb469fa165708677289501"])
]
Version = Annotated[str | None, Header(alias="Tus-Resumable", description="1.0.0", examples=[tus.VERSION])]
_OFFSET: Final = {"Upload-Offset": {"description": "bytes that are here", "schema": {"type": "integer"}}}


class UploadAnswer(BaseModel):
    """An upload."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "upload": "0f8fad5bd9cb469fa165708677289501",
                    "name": "talk.mp4",
                    "length": 2390659,
                    "offset": 1048576,
                    "finished": False,
                    "sha256": None,
                    "expires_at_ms": 1_764_236_400_000,
                }
            ]
        }
    )

    upload: str = Field(description="the id that POST /v1/videos takes")
    name: str
    length: int
    offset: int
    finished: bool
    sha256: str | None
    expires_at_ms: int


@router.options(
    "",
    status_code=204,
    summary="What is spoken",
    dependencies=[needs("read")],
    response_class=Response,
    responses={204: {"description": "Version, extensions and largest size, as headers."}, **errors()},
)
async def options(gateway: TheGateway) -> Response:
    """Version, extensions, largest size."""
    headers = {
        "Tus-Version": tus.VERSION,
        "Tus-Extension": tus.EXTENSIONS,
        "Tus-Max-Size": str(_largest(gateway)),
    }
    return _answer(204, headers)


@router.post(
    "",
    status_code=201,
    summary="Begin an upload",
    dependencies=[needs("write")],
    response_class=Response,
    responses={201: {"description": "`Location` of the upload."}, **errors(412)},
)
async def create(
    gateway: TheGateway,
    caller: TheCaller,
    version: Version = None,
    length: Annotated[str | None, Header(alias="Upload-Length", description="bytes of the file")] = None,
    metadata: Annotated[str, Header(alias="Upload-Metadata", description="`filename BASE64`")] = "",
) -> Response:
    """Begin an upload of a known length."""
    tus.check_version(version)
    wanted = tus.number(length, "Upload-Length")
    if wanted > _largest(gateway):
        raise Problem(413, f"The largest upload has {_largest(gateway):,} bytes.", "Send a smaller file.")
    if wanted == 0:
        raise Problem(422, "The file is empty.", "Name a media file.")
    try:
        upload = await asyncio.to_thread(gateway.uploads.create, wanted, tus.name_in(metadata), metadata, caller.name)
        expires = await asyncio.to_thread(gateway.uploads.expires_at_ms, upload)
    except TooMany as error:
        raise Problem(429, error.reason, error.remedy, headers={"Retry-After": "60"}) from error
    except ClipstreamError as error:
        raise problem_of(error) from error
    return _answer(201, {"Location": f"/v1/uploads/{upload}", "Upload-Expires": tus.http_date(expires)})


@router.head(
    "/{upload}",
    summary="How far an upload is",
    dependencies=[needs("write")],
    response_class=Response,
    responses={200: {"description": "Its offset and length, as headers.", "headers": _OFFSET}, **errors(404, 412)},
)
async def look(upload: UploadId, gateway: TheGateway, caller: TheCaller, version: Version = None) -> Response:
    """How many bytes are here, and how many there will be."""
    tus.check_version(version)
    info, offset, expires = await _state(gateway, upload, caller)
    headers = {
        "Upload-Offset": str(offset),
        "Upload-Length": str(info.length),
        "Upload-Expires": tus.http_date(expires),
        "Cache-Control": "no-store",
    }
    if info.metadata:
        headers["Upload-Metadata"] = info.metadata
    return _answer(200, headers)


@router.get(
    "/{upload}",
    summary="An upload",
    dependencies=[needs("write")],
    response_model=UploadAnswer,
    responses=errors(404),
)
async def stand(upload: UploadId, gateway: TheGateway, caller: TheCaller) -> Response:
    """The same as JSON, with the digest when it is finished."""
    info, offset, expires = await _state(gateway, upload, caller)
    done = await asyncio.to_thread(gateway.uploads.done, upload)
    found: dict[str, Any] = {
        "upload": upload,
        "name": info.name,
        "length": info.length,
        "offset": offset,
        "finished": done is not None,
        "sha256": None if done is None else done.sha256,
        "expires_at_ms": expires,
    }
    return Response(orjson.dumps(found), media_type="application/json")


@router.patch(
    "/{upload}",
    status_code=204,
    summary="Send bytes",
    dependencies=[needs("write")],
    response_class=Response,
    responses={204: {"description": "They are kept.", "headers": _OFFSET}, **errors(404, 409, 412, 415)},
    openapi_extra={
        "requestBody": {"required": True, "content": {tus.BODY: {"schema": {"type": "string", "format": "binary"}}}}
    },
)
async def send(
    upload: UploadId,
    request: Request,
    gateway: TheGateway,
    caller: TheCaller,
    version: Version = None,
    offset: Annotated[str | None, Header(alias="Upload-Offset", description="where the bytes begin")] = None,
) -> Response:
    """Send bytes from an offset on. What came before a connection broke is kept; the last bytes make it a source."""
    tus.check_version(version)
    if request.headers.get("content-type", "").partition(";")[0].strip() != tus.BODY:
        raise Problem(415, "The body is no part of a file.", f"Send `Content-Type: {tus.BODY}`.")
    start = tus.number(offset, "Upload-Offset")
    info, here, _ = await _state(gateway, upload, caller)
    if start != here:
        raise Problem(
            409, f"The upload has {here:,} bytes, and these begin at {start:,}.",
            "Ask for its offset (HEAD), and go on there.", headers={"Upload-Offset": str(here)},
        )  # fmt: skip
    try:
        at = await _keep(gateway, upload, request, start, info.length)
        if at == info.length:
            await asyncio.to_thread(gateway.uploads.finished, upload, None)
        expires = await asyncio.to_thread(gateway.uploads.expires_at_ms, upload)
    except ClipstreamError as error:
        raise problem_of(error) from error
    return _answer(204, {"Upload-Offset": str(at), "Upload-Expires": tus.http_date(expires)})


@router.delete(
    "/{upload}",
    status_code=204,
    summary="End an upload",
    dependencies=[needs("write")],
    response_class=Response,
    responses={204: {"description": "It is gone."}, **errors(404, 412)},
)
async def end(upload: UploadId, gateway: TheGateway, caller: TheCaller, version: Version = None) -> Response:
    """Remove an upload; a video that was submitted from it stays."""
    tus.check_version(version)
    await _state(gateway, upload, caller)
    await asyncio.to_thread(gateway.uploads.end, upload)
    return _answer(204, {})


async def _keep(gateway: Gateway, upload: str, request: Request, start: int, length: int) -> int:
    """Keep what comes, part by part; returns where it ends."""
    at, held = start, bytearray()
    try:
        async for piece in request.stream():
            held += piece
            if at + len(held) > length:
                raise Problem(413, f"The upload has {length:,} bytes, and more were sent.", "Send no more than that.")
            while len(held) >= PART_BYTES:
                await asyncio.to_thread(gateway.uploads.put, upload, at, bytes(held[:PART_BYTES]))
                at += PART_BYTES
                del held[:PART_BYTES]
    except ClientDisconnect:
        if held:
            await asyncio.to_thread(gateway.uploads.put, upload, at, bytes(held))
        raise
    if held:
        await asyncio.to_thread(gateway.uploads.put, upload, at, bytes(held))
    return at + len(held)


async def _state(gateway: Gateway, upload: str, caller: Caller) -> tuple[Info, int, int]:
    """What it is, how far, until when.

    Raises:
        Problem: there is none, or it is another caller's.
    """
    owner = None if caller.may("admin") else caller.name

    def look_at() -> tuple[Info, int, int]:
        info = gateway.uploads.info(upload, owner)
        return info, gateway.uploads.offset(upload, info.length), gateway.uploads.expires_at_ms(upload)

    try:
        return await asyncio.to_thread(look_at)
    except NoUpload as error:
        raise Problem(404, error.reason, error.remedy, kind="no-upload") from error
    except ClipstreamError as error:
        raise problem_of(error) from error


def _largest(gateway: Gateway) -> int:
    return min(gateway.settings.gateway_upload_max_bytes, gateway.settings.max_source_bytes)


def _answer(status: int, headers: dict[str, str]) -> Response:
    return Response(status_code=status, headers={"Tus-Resumable": tus.VERSION, **headers})


__all__ = ["router"]
