"""`/v1/batches`: many videos at a time, each answered for itself."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from processors.errors import ClipstreamError
from streams.gateway import shapes
from streams.gateway.access import needs
from streams.gateway.core import Gateway, TheCaller, TheGateway
from streams.gateway.documents import errors
from streams.gateway.models import Submission
from streams.gateway.parsing import StrictRoute
from streams.gateway.problems import Problem, problem_of
from streams.gateway.routes.videos import IdempotencyKey
from streams.gateway.submitting import take

router: Final = APIRouter(prefix="/v1/batches", tags=["batches"], route_class=StrictRoute)
# Each waits for Kafka once; more at a time would only queue there.
_AT_A_TIME: Final = 32
# Refusals that say nothing of the item: a repeat of the batch asks for these items again.
_LATER: Final = frozenset({429, 503})
_GONE: Final = "gone"
BatchId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="id of the batch")]


class BatchRequest(BaseModel):
    """Videos to process; an item that is not valid spoils nothing but itself."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"items": [{"uri": "https://media.example.org/1.mp4"}, {"uri": "https://media.example.org/2.mp4"}]}
            ]
        },
    )

    items: list[dict[str, Any]] = Field(min_length=1, description="each as the body of POST /v1/videos")


class BatchItem(BaseModel):
    """What became of an item."""

    index: int
    accepted: bool
    video_id: str | None = None
    location: str | None = None
    problem: dict[str, Any] | None = Field(None, description="why it was refused (RFC 9457)")
    video: dict[str, Any] | None = Field(None, description="how it stands; of GET alone")
    segments: list[dict[str, Any]] | None = Field(None, description="with `segments=true`")


class BatchAnswer(BaseModel):
    """A batch and its items."""

    batch_id: str
    total: int
    accepted: int
    refused: int
    statuses: dict[str, int] = Field(
        default_factory=dict, description=f"videos by status, `{_GONE}` those erased or held no more; of GET alone"
    )
    through: bool = Field(False, description="whether every video has its last result or is gone; of GET alone")
    items: list[BatchItem]


@router.post(
    "",
    status_code=202,
    summary="Submit many videos",
    dependencies=[needs("write")],
    response_model=BatchAnswer,
    responses=errors(404, 409, 415),
)
async def create(body: BatchRequest, gateway: TheGateway, caller: TheCaller, key: IdempotencyKey = None) -> Response:
    """Submit items, each of which is accepted or refused for itself. A repeat with the same key is answered alike.

    Where an item was refused with 429 or 503, a repeat asks for it again; the others stay as they are.
    """
    most = gateway.settings.gateway_batch_items
    if len(body.items) > most:
        raise Problem(422, f"The batch has {len(body.items):,} items, and {most:,} are possible.", "Send several.")
    digest = hashlib.sha256(orjson.dumps(body.items, option=orjson.OPT_SORT_KEYS)).hexdigest()
    batch_id, kept = uuid.uuid4().hex, None
    if key is not None:
        batch_id = hashlib.sha256(f"batch\0{caller.name}\0{key}".encode()).hexdigest()[:32]
        kept = await _stored(gateway.batches.get, batch_id)
    if kept is None:
        await gateway.fresh()
    if key is not None:
        if kept is None:  # before anything is submitted: of two batches at a time under one key one is refused whole
            kept = await _stored(gateway.batches.claim, batch_id, {"digest": digest, "answer": None})
        if kept["digest"] != digest:
            raise Problem(
                422, "This Idempotency-Key was used with another batch.", "Use a new key for a new batch.",
                kind="idempotency-key-reused",
            )  # fmt: skip
    before = None if kept is None else kept["answer"]
    if before is not None and not any(map(_later, before["items"])):
        return _answer(before, {"Idempotent-Replayed": "true"})
    turns = asyncio.Semaphore(_AT_A_TIME)

    async def one(index: int, item: dict[str, Any]) -> dict[str, Any]:
        if before is not None and not _later(before["items"][index]):
            told: dict[str, Any] = before["items"][index]
            return told
        async with turns:
            return await _item(gateway, index, item, caller.name, None if key is None else f"{key}#{index}", batch_id)

    items = await asyncio.gather(*(one(index, item) for index, item in enumerate(body.items)))
    accepted = sum(item["accepted"] for item in items)
    answer = {
        "batch_id": batch_id,
        "total": len(items),
        "accepted": accepted,
        "refused": len(items) - accepted,
        "items": items,
    }
    await _stored(gateway.batches.put, batch_id, {"digest": digest, "answer": answer})
    return _answer(answer, {})


@router.get(
    "/{batch_id}",
    summary="A batch and its results",
    dependencies=[needs("read")],
    response_model=BatchAnswer,
    responses=errors(404),
)
async def batch(
    batch_id: BatchId,
    gateway: TheGateway,
    segments: Annotated[bool, Query(description="also the segments of each video")] = False,
) -> Response:
    """How each video of a batch stands, with its segments where wanted."""
    kept = await _stored(gateway.batches.get, batch_id)
    if kept is None or kept["answer"] is None:
        raise Problem(404, f"There is no batch '{batch_id}'.", "POST /v1/batches makes one.")
    # The document was written when all its items were on their topic: who has read that since, and holds one not, has
    # forgotten it.
    up_to_date = await gateway.fresh()
    found: dict[str, Any] = kept["answer"]
    statuses: dict[str, int] = {}
    through = True
    for item in found["items"]:
        if not item["accepted"]:
            continue
        video = gateway.view.videos.get(item["video_id"])
        status = video.status if video is not None else _GONE if up_to_date else "unknown"
        statuses[status] = statuses.get(status, 0) + 1
        through = through and (up_to_date if video is None else video.through)
        if video is not None:
            item["video"] = shapes.summary(video)
            if segments:
                result = video.result()
                item["segments"] = [] if result is None else shapes.result_told(result)["segments"]
    return Response(orjson.dumps(found | {"statuses": statuses, "through": through}), media_type="application/json")


async def _item(
    gateway: Gateway, index: int, item: dict[str, Any], caller: str, key: str | None, batch_id: str
) -> dict[str, Any]:
    try:
        submission = Submission.model_validate(item)
        taken = await take(gateway, submission, caller, key, batch_id)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/" + "/".join(str(part) for part in first["loc"])
        problem = Problem(
            422, f"{where}: {str(first['msg']).removeprefix('Value error, ')}.",
            "/openapi.json tells what is expected.", kind="invalid-request",
        )  # fmt: skip
    except Problem as refused:
        problem = refused
    else:
        video_id = taken.video.video_id
        return {"index": index, "accepted": True, "video_id": video_id, "location": f"/v1/videos/{video_id}"}
    return {"index": index, "accepted": False, "problem": problem.document()}


async def _stored(does: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return await asyncio.to_thread(does, *arguments)
    except ClipstreamError as error:
        raise problem_of(error) from error


def _later(item: dict[str, Any]) -> bool:
    return not item["accepted"] and item["problem"]["status"] in _LATER


def _answer(answer: dict[str, Any], headers: dict[str, str]) -> Response:
    where = {"Location": f"/v1/batches/{answer['batch_id']}"}
    return Response(orjson.dumps(answer), 202, media_type="application/json", headers={**where, **headers})


__all__ = ["router"]
