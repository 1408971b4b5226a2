"""`/v1/search`: what was said, and the best segments about it, out of the database."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from processors.errors import ClipstreamError
from streams.gateway.access import needs
from streams.gateway.core import TheGateway
from streams.gateway.documents import errors
from streams.gateway.models import VideoIdText
from streams.gateway.parsing import StrictRoute
from streams.gateway.problems import Problem, problem_of

router: Final = APIRouter(prefix="/v1/search", tags=["search"], route_class=StrictRoute)
MOST: Final = 100
_HIT: Final[dict[str, Any]] = {
    "kind": "utterance",
    "video_id": "3f2a9c0d11e4b7a6",
    "key": "4",
    "start_ms": 53_000,
    "end_ms": 57_400,
    "video_title": "How sea turtles find home",
    "title": "",
    "speaker": "S2",
    "language": "en",
    "text": "that was the moon above the sea",
    "headline": "that was the moon above the sea",
    "score": 0.0328,
    "ranks": {"words": 1, "meaning": 1},
    "likeness": 0.71,
}


class Hits(BaseModel):
    """What is found, best first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"hits": [_HIT]}]})

    hits: list[dict[str, Any]]


@router.get(
    "",
    summary="Search in what was said",
    dependencies=[needs("read")],
    response_model=Hits,
    responses=errors(404),
)
async def search(
    gateway: TheGateway,
    q: Annotated[
        str,
        Query(min_length=1, max_length=300, pattern=r"^[^\x00]+$", description='"exact words", or, -without'),
    ],
    meaning: Annotated[bool, Query(description="also by what the words mean")] = False,
    kind: Annotated[Literal["segment", "utterance"] | None, Query(description="only of this kind")] = None,
    video_id: Annotated[VideoIdText | None, Query(description="only in this video")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
) -> Response:
    """Full-text search in the language of each video; with `meaning` both lists are fused by reciprocal rank."""
    pool = gateway.database
    if pool is None:
        raise Problem(
            404, "There is no database here, and only one can be searched.",
            "`clipstream up --db`, or set CLIPSTREAM_DATABASE_URL for the gateway.", kind="no-database",
        )  # fmt: skip
    from streams.database import reads
    from streams.database.meaning import vector_of_words
    from streams.database.search import KINDS
    from streams.database.search import Query as Wanted

    try:
        vector = await asyncio.to_thread(vector_of_words, q, gateway.settings) if meaning else None
        hits = await reads.search(pool, Wanted(q, vector, (kind,) if kind is not None else KINDS, video_id, limit))
    except ClipstreamError as error:
        raise problem_of(error) from error
    return Response(orjson.dumps({"hits": [asdict(hit) for hit in hits]}), media_type="application/json")


__all__ = ["router"]
