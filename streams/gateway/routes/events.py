"""`/v1/events` and `/v1/videos/{id}/events`: what happens, as server-sent events."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Response

from streams.gateway import vector
from streams.gateway.access import needs
from streams.gateway.core import Gateway, TheGateway
from streams.gateway.documents import errors
from streams.gateway.eventstream import EventStream
from streams.gateway.problems import Problem
from streams.gateway.routes.videos import VideoId

router: Final = APIRouter(tags=["events"])
_EXAMPLE: Final = (
    "id: AQAAAAAAAAAC\nevent: progress\n"
    'data: {"video_id":"3f2a9c0d11e4b7a6","generation":0,"status":"running","done":0.41}\n\n'
)
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "`submitted`, `progress` and `segments` events; `ready` when all that was missed is told.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    },
    **errors(404),
}
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=400, description="id of the last event that was seen")
]
# EventSource cannot send a header with its first request
Since = Annotated[
    str | None, Query(alias="last_event_id", max_length=400, description="the same, of `event_id` in an answer")
]


@router.get(
    "/v1/events", summary="All events", dependencies=[needs("read")], response_class=Response, responses=_ANSWERS
)
async def everything(gateway: TheGateway, last: LastEventId = None, since: Since = None) -> Response:
    """What happens to all videos, from now on or from where a reader was."""
    await gateway.fresh()
    return _stream(gateway, None, last or since)


@router.get(
    "/v1/videos/{video_id}/events",
    summary="Events of a video",
    dependencies=[needs("read")],
    response_class=Response,
    responses=_ANSWERS,
)
async def of_video(video_id: VideoId, gateway: TheGateway, last: LastEventId = None, since: Since = None) -> Response:
    """What happens to one video. A new reader is first told how it stands."""
    await gateway.video(video_id)
    return _stream(gateway, video_id, last or since)


def _stream(gateway: Gateway, video_id: str | None, last: str | None) -> Response:
    since = None
    if last:
        try:
            since = vector.decode(last, len(gateway.view.places))
        except ValueError as error:
            raise Problem(400, "Last-Event-ID is no id of an event.", "Leave it out to begin now.") from error
    if len(gateway.view.feed) >= gateway.settings.gateway_event_readers:
        raise Problem(
            503, "Too many event streams are open.", "Try again, or ask /v1/videos.", headers={"Retry-After": "5"}
        )
    return EventStream(gateway, video_id, since, gateway.rereads)


__all__ = ["router"]
