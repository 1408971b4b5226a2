"""`/v1/dead-letters`: messages that a stage gave up on, and sending them again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from processors.errors import ClipstreamError
from streams.gateway.access import needs
from streams.gateway.core import Gateway, TheGateway
from streams.gateway.documents import errors
from streams.gateway.models import VideoIdText
from streams.gateway.parsing import StrictRoute
from streams.gateway.problems import Problem, problem_of
from streams.letters import Letter, letters, requeue
from streams.secrets import published

router: Final = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"], route_class=StrictRoute)
_EXAMPLE: Final = "audio-chunk:3:1042"
# A read goes through a month of letters and the topics that they name, so the list is as old as that at most.
_KEPT_S: Final = 5.0


class LetterList(BaseModel):
    """Dead letters, the newest first."""

    dead_letters: list[dict[str, Any]]
    total: int = Field(description="that match; `limit` of them are here")


class RequeueRequest(BaseModel):
    """Which messages to send again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"ids": [_EXAMPLE]}]})

    ids: list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,249}:\d{1,9}:\d{1,19}$")]] = Field(
        min_length=1, max_length=1_000, description="`topic:partition:offset`, as listed"
    )


class Requeued(BaseModel):
    """What was sent again; what was sent before is left out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"requeued": [_EXAMPLE]}]})

    requeued: list[str]


@router.get(
    "", summary="List dead letters", dependencies=[needs("read")], response_model=LetterList, responses=errors()
)
async def listed(
    gateway: TheGateway,
    video_id: Annotated[VideoIdText | None, Query(description="only of this video")] = None,
    stage: Annotated[str | None, Query(max_length=60, description="only of this stage")] = None,
    waiting: Annotated[bool, Query(description="only those that were not sent again")] = False,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Messages that a stage gave up on, with the reason and the trace."""
    found = [
        one
        for one in reversed(await _Letters.of(gateway).told())
        if video_id in (None, one.letter.video_id)
        and stage in (None, one.letter.stage)
        and not (waiting and one.requeued)
    ]
    told = await asyncio.to_thread(lambda: [published(one.to_json(gateway.settings)) for one in found[:limit]])
    return Response(
        orjson.dumps({"dead_letters": told, "total": len(found)}, default=_readable), media_type="application/json"
    )


@router.post(
    "/requeue",
    summary="Send messages again",
    dependencies=[needs("admin")],
    response_model=Requeued,
    responses=errors(404, 415),
)
async def again(body: RequeueRequest, gateway: TheGateway) -> Response:
    """Send messages again to where they were, each once."""
    async with _Letters.of(gateway).changing() as found:
        held = {one.id: one for one in found}
        if unknown := [one for one in body.ids if one not in held]:
            raise Problem(404, f"There is no dead letter '{unknown[0][:200]}'.", "GET /v1/dead-letters lists them.")
        try:
            sent = await requeue(gateway.settings, [held[one] for one in dict.fromkeys(body.ids)])
        except ClipstreamError as error:
            raise (
                problem_of(error) if type(error) is not ClipstreamError else Problem(422, error.reason, error.remedy)
            ) from error
    return Response(orjson.dumps({"requeued": [one.id for one in sent]}), media_type="application/json")


class _Letters:
    """Read once for all who ask within some seconds, and held no longer: a month of them has all their bytes."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = asyncio.Lock()
        self._until_s = float("-inf")
        self._found: list[Letter] = []
        self._dropping: asyncio.TimerHandle | None = None

    @classmethod
    def of(cls, gateway: Gateway) -> _Letters:
        found = gateway.kept.setdefault("letters", cls(gateway))
        assert isinstance(found, cls)
        return found

    async def told(self) -> list[Letter]:
        """All of them, oldest first, as of some seconds ago.

        Raises:
            Problem: they cannot be read.
        """
        async with self._lock:
            if self._gateway.clock.monotonic_s() >= self._until_s:
                self._found = await self._read()
                self._until_s = self._gateway.clock.monotonic_s() + _KEPT_S  # of its end: a read may take longer
                if self._dropping is not None:  # of those before
                    self._dropping.cancel()
                self._dropping = asyncio.get_running_loop().call_later(_KEPT_S, self._drop)
            return self._found

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[list[Letter]]:
        """All of them as they are, for one at a time who changes them; who asks then has them read anew.

        Raises:
            Problem: they cannot be read.
        """
        async with self._lock:
            self._drop()
            yield await self._read()

    def _drop(self) -> None:
        self._until_s, self._found = float("-inf"), []

    async def _read(self) -> list[Letter]:
        try:
            return await letters(self._gateway.settings)
        except ClipstreamError as error:
            raise problem_of(error) from error


def _readable(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


__all__ = ["router"]
