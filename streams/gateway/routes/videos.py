"""`/v1/videos`: submit, list, look at, cancel, replay."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.responses import JSONResponse

from processors.errors import ClipstreamError
from schemas.messages import VIDEO_ID_PATTERN
from streams.control import generation_to_cancel
from streams.gateway import listing, shapes, vector
from streams.gateway.access import needs
from streams.gateway.core import Gateway, TheCaller, TheGateway
from streams.gateway.documents import errors
from streams.gateway.models import (
    Accepted,
    ReplayRequest,
    SegmentsAnswer,
    Submission,
    VideoAnswer,
    VideoList,
)
from streams.gateway.parsing import StrictRoute
from streams.gateway.problems import Problem
from streams.gateway.submitting import own_record_s, take
from streams.gateway.videos import Video
from streams.replay import replay_of
from streams.secrets import published

router: Final = APIRouter(prefix="/v1/videos", tags=["videos"], route_class=StrictRoute)
VideoId = Annotated[str, Path(pattern=VIDEO_ID_PATTERN, description="id of the video", examples=["3f2a9c0d11e4b7a6"])]
Status = Literal["queued", "running", "provisional", "final", "degraded", "failed", "cancelled"]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$",
        description="the same for each repeat of one request; letters, digits and signs",
        examples=["order-4711"],
    ),
]  # fmt: skip


@router.post(
    "",
    status_code=202,
    summary="Submit a video",
    dependencies=[needs("write")],
    response_model=VideoAnswer,
    responses={
        200: {"description": "It was submitted before; its state.", "model": VideoAnswer},
        **errors(404, 409, 415),
    },
)
async def submit(body: Submission, gateway: TheGateway, caller: TheCaller, key: IdempotencyKey = None) -> Response:
    """Take a video in and answer at once; its progress is at `Location`.

    The same source with the same options is the same video, so asking again computes nothing; one that failed, was
    degraded or cancelled is tried again. With an `Idempotency-Key` repeats of the request are one video, and the key
    with another body is refused.
    """
    taken = await take(gateway, body, caller.name, key)
    headers = {"Location": f"/v1/videos/{taken.video.video_id}"}
    if taken.repeated:
        headers["Idempotent-Replayed"] = "true"
    status = 202 if taken.new or taken.repeated else 200
    return _json(told(gateway, taken.video), status, headers)


@router.get("", summary="List videos", dependencies=[needs("read")], response_model=VideoList, responses=errors(400))
async def videos(
    gateway: TheGateway,
    status: Annotated[list[Status] | None, Query(description="only these; may be repeated")] = None,
    q: Annotated[str | None, Query(max_length=200, description="part of title, source or id")] = None,
    order: Annotated[Literal["newest", "oldest", "updated"], Query(description="what comes first")] = "newest",
    limit: Annotated[int, Query(ge=1, le=200, description="videos on a page")] = 50,
    cursor: Annotated[str | None, Query(max_length=400, description="`next` of the page before")] = None,
) -> Response:
    """Videos, page by page. A cursor stays valid while videos come and go; `updated` may show one twice then."""
    await gateway.fresh()
    page = listing.page(gateway.view.videos.all(), set(status or ()), q or "", order, limit, cursor)
    return _json(
        {
            "videos": [shapes.summary(video) for video in page.videos],
            "next": page.next,
            "total": page.total,
            "event_id": vector.encode(gateway.view.vector),
        }
    )


@router.get(
    "/{video_id}",
    summary="State, progress and newest result of a video",
    dependencies=[needs("read")],
    response_model=VideoAnswer,
    responses=errors(404),
)
async def video(video_id: VideoId, gateway: TheGateway) -> Response:
    """What is known of a video now, whichever gateway it was submitted through."""
    return _json(told(gateway, await gateway.video(video_id)))


@router.get(
    "/{video_id}/segments",
    summary="The ranked segments",
    dependencies=[needs("read")],
    response_model=SegmentsAnswer,
    responses=errors(404),
)
async def segments(video_id: VideoId, gateway: TheGateway) -> Response:
    """Segments of the newest result, best first; early ones of a `provisional` result, too."""
    found = shapes.result_told(result_of(await gateway.video(video_id)))
    return _json({name: found[name] for name in SegmentsAnswer.model_fields})


@router.delete(
    "/{video_id}",
    status_code=202,
    summary="Cancel a video",
    dependencies=[needs("write")],
    response_model=Accepted,
    responses={200: {"description": "It was cancelled before.", "model": Accepted}, **errors(404, 409)},
)
async def stop(video_id: VideoId, gateway: TheGateway) -> Response:
    """Stop the work on a video. Its result says `cancelled` in a moment; what is through stays."""
    found = await gateway.video(video_id)
    if found.status == "cancelled":
        return _json({"video_id": video_id, "generation": found.generation, "status": "cancelled"})
    generation = generation_to_cancel(found.generation, found.result())
    if generation is None:
        raise Problem(
            409, f"Video '{video_id}' is through ({found.status}): there is nothing to cancel.",
            "Its result stays as it is.", kind="video-through",
        )  # fmt: skip
    await gateway.cancel(video_id, generation)
    return _json({"video_id": video_id, "generation": generation, "status": "cancelling"}, 202)


@router.post(
    "/{video_id}/replay",
    status_code=202,
    summary="Process a video again",
    dependencies=[needs("write")],
    response_model=Accepted,
    responses=errors(404, 415),
)
async def replay(video_id: VideoId, gateway: TheGateway, body: ReplayRequest | None = None) -> Response:
    """Submit its newest request as the next generation. Stages before `from` answer from the result cache."""
    wanted = body or ReplayRequest.model_validate({})
    stage = None if wanted.stage is None else str(wanted.stage)
    async with gateway.turn(video_id):
        video = await gateway.video(video_id, whole_s=own_record_s(gateway.settings))
        known = [video.requests[generation] for generation in sorted(video.requests)]
        try:
            again = replay_of(known, video_id, video.result(), stage, fresh=wanted.fresh)
        except ClipstreamError as error:
            raise Problem(404, error.reason, error.remedy, kind="no-request") from error
        again = replace(again, generation=max(again.generation, gateway.view.erasures.until(video_id) + 1))
        place, offset = await gateway.submit(again, video_id)
        told_: dict[str, Any] = {"video_id": video_id, "generation": again.generation}
        if not await gateway.view.has_read(place, offset, own_record_s(gateway.settings)):
            raise Problem(
                503, "The replay was taken, and is not seen yet.", "Ask for the video in a moment.", extra=told_
            )
    return _json({**told_, "status": "queued"}, 202, {"Location": f"/v1/videos/{video_id}"})


def told(gateway: Gateway, video: Video) -> dict[str, Any]:
    """A video as `VideoAnswer`."""
    result, request = video.result(), video.request
    return {
        **shapes.summary(video),
        "summary": video.progress.summary() if video.progress.stages else "",
        "stages": video.stages(),
        "options": published(request.options.model_dump(mode="json")) if request is not None else None,
        "result": shapes.result_told(result) if result is not None else None,
        "links": shapes.links(video.video_id),
        "event_id": vector.encode(gateway.view.vector),
    }


def result_of(video: Video) -> Any:
    """Its newest result.

    Raises:
        Problem: there is none yet.
    """
    result = video.result()
    if result is None:
        raise Problem(
            404, f"There is no result of video '{video.video_id}' yet; it is {video.status}.",
            f"/v1/videos/{video.video_id}/events tells when there is one.", kind="no-result",
        )  # fmt: skip
    return result


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status_code=status, media_type=JSONResponse.media_type, headers=headers)


__all__ = ["VideoId", "result_of", "router", "told"]
