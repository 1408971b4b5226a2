"""What there is of a video beside its segments: transcript, frames, the whole result, the report."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Header, Query, Response

from processors.errors import ClipstreamError
from processors.report import render_report
from processors.segments.formats import render_transcript
from schemas.messages import Segments
from streams import results
from streams.cli.reporting import blob_reader
from streams.gateway import shapes
from streams.gateway.access import needs
from streams.gateway.core import TheGateway
from streams.gateway.documents import errors, told
from streams.gateway.problems import Problem, problem_of
from streams.gateway.routes.videos import VideoId, result_of
from streams.results import document_of

router: Final = APIRouter(prefix="/v1/videos", tags=["results"])
Form = Literal["json", "srt", "vtt", "txt", "rttm"]
_TYPES: Final[dict[Form, str]] = {
    "json": "application/json",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "rttm": "text/x-rttm; charset=utf-8",
}
_FRAMES: Final[dict[str, Any]] = {
    "video_id": "3f2a9c0d11e4b7a6",
    "frames": [{"frame_uri": "/v1/blobs/" + "0" * 64, "pts_ms": 3_400, "shot": 0, "labels": [], "text": []}],
    "shots": [{"start_ms": 0, "end_ms": 7_000, "transition": "cut", "description": ""}],
    "scenes": [],
}
_RESULT: Final[dict[str, Any]] = {
    "video_id": "3f2a9c0d11e4b7a6",
    "status": "final",
    "segments": [{"segment_id": "3f2a9c0d11e4b7a6-0", "rank": 1, "start_ms": 1_000, "end_ms": 31_000, "score": 0.7}],
    "transcript": [{"start_ms": 0, "end_ms": 2_000, "speaker": "S1", "language": "en", "text": "Hello."}],
}
_BY_ACCEPT: Final[dict[str, Form]] = {
    "application/json": "json",
    "application/*": "json",
    "*/*": "json",
    "": "json",
    "text/*": "txt",
    **{kind.partition(";")[0]: form for form, kind in _TYPES.items()},
}


@router.get(
    "/{video_id}/transcript",
    summary="The transcript",
    dependencies=[needs("read")],
    response_class=Response,
    responses={
        200: {
            "description": "The transcript in the form that was asked for.",
            "content": {
                kind.partition(";")[0]: {"schema": {"type": "string"}}
                for form, kind in _TYPES.items()
                if form != "json"
            }
            | {"application/json": {"schema": {"type": "object"}, "example": {"transcript": []}}},
        },
        **errors(404, 406),
    },
)
async def transcript(
    video_id: VideoId,
    gateway: TheGateway,
    form: Annotated[
        Form | None, Query(alias="format", description="json, srt, vtt, txt or rttm; else by Accept")
    ] = None,
    accept: Annotated[str, Header(description="types, the best first")] = "",
) -> Response:
    """What was said, as JSON, subtitles (SRT, WebVTT), text, or who spoke when (RTTM)."""
    chosen = form or _accepted(accept)
    result = result_of(await gateway.video(video_id))

    def render() -> str:
        document = document_of(result, gateway.blobs)
        return render_transcript(document.transcript, chosen, document.turns, video_id)

    try:
        text = await asyncio.to_thread(render)
    except ClipstreamError as error:
        raise Problem(406, error.reason, error.remedy) if chosen == "rttm" else problem_of(error) from error
    headers = {"Content-Disposition": f'inline; filename="{video_id}.{chosen}"', "Vary": "Accept"}
    return Response(text.encode("utf-8", "replace"), media_type=_TYPES[chosen], headers=headers)


@router.get(
    "/{video_id}/frames",
    summary="The frames that were looked at",
    dependencies=[needs("read")],
    response_class=Response,
    responses={**told("Frames, shots, scenes.", _FRAMES), **errors(404)},
)
async def frames(video_id: VideoId, gateway: TheGateway) -> Response:
    """Frames with what is seen in them, shots and scenes of the newest result."""
    whole = await _whole(gateway, result_of(await gateway.video(video_id)))
    return _json({name: whole[name] for name in ("video_id", "frames", "shots", "scenes")})


@router.get(
    "/{video_id}/result",
    summary="The whole newest result",
    dependencies=[needs("read")],
    response_class=Response,
    responses={**told("The result.", _RESULT), **errors(404)},
)
async def result(video_id: VideoId, gateway: TheGateway) -> Response:
    """Everything, as `clipstream results --json` has it: segments, transcript, speakers, shots, frames, curve."""
    return _json(await _whole(gateway, result_of(await gateway.video(video_id))))


@router.get(
    "/{video_id}/report",
    summary="The report",
    dependencies=[needs("read")],
    response_class=Response,
    responses={
        200: {"description": "One HTML file.", "content": {"text/html": {"schema": {"type": "string"}}}},
        **errors(404),
    },
)
async def report(video_id: VideoId, gateway: TheGateway) -> Response:
    """The newest result as one HTML file that is readable offline."""
    newest = result_of(await gateway.video(video_id))

    def render() -> str:
        whole = results.to_json(newest, gateway.blobs, locations=False)
        return render_report(whole, blob_reader(gateway.blobs))

    html = await asyncio.to_thread(render)
    # its styles and pictures are within the file, and it has no scripts
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
    headers = {"Content-Security-Policy": policy, "Content-Disposition": f'inline; filename="{video_id}.html"'}
    return Response(html.encode("utf-8", "replace"), media_type="text/html; charset=utf-8", headers=headers)


async def _whole(gateway: TheGateway, newest: Segments) -> dict[str, Any]:
    try:
        return await asyncio.to_thread(shapes.full_result, newest, gateway.blobs)
    except ClipstreamError as error:
        raise problem_of(error) from error


def _accepted(accept: str) -> Form:
    """The first form that is accepted, by weight.

    Raises:
        Problem: none is.
    """
    wanted: list[tuple[float, int, str]] = []
    for number, part in enumerate(accept.split(",")[:20]):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        try:
            wanted.append((-float(weight), number, name))
        except ValueError:
            continue
    for weight_, _, name in sorted(wanted):
        if weight_ < 0 and name in _BY_ACCEPT:
            return _BY_ACCEPT[name]
    raise Problem(406, "None of the types in Accept can be given.", f"Name one of {', '.join(_TYPES)} as `format`.")


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


__all__ = ["router"]
