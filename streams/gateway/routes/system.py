"""`/healthz`, `/metrics`, `/v1/status`, sessions: the gateway itself and what runs behind it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import orjson
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from processors.errors import ClipstreamError
from streams.gateway.access import needs
from streams.gateway.core import Gateway, TheCaller, TheGateway
from streams.gateway.documents import errors, told
from streams.gateway.problems import Problem, problem_of
from streams.gateway.sessions import COOKIE, LIFE_S, make_session
from streams.groups import group_states
from streams.secrets import masked
from streams.supervisor import read_states

router: Final = APIRouter(tags=["system"])
_STATUS: Final[dict[str, Any]] = {
    "broker": "kafka://127.0.0.1:9092",
    "keys": True,
    "agents": [{"agent": "transcriber", "members": 1, "lag": 3}],
    "videos": {"running": 2, "final": 10},
}
_STATUS_S: Final = 1.0  # what is asked of the broker is as old as that at most


@router.get(
    "/healthz",
    summary="Whether the gateway can answer",
    response_class=Response,
    responses={
        **told("It can.", {"status": "ok", "ready": True, "broker": True, "videos": 12}),
        503: {"description": "It is still reading, or Kafka is away.", "content": {"application/json": {}}},
    },
)
async def health(gateway: TheGateway) -> Response:
    """For balancers: 200 when the topics are read and Kafka answers."""
    there = gateway.view.ready and gateway.view.broker_there
    told = {
        "status": "ok" if there else "unavailable",
        "ready": gateway.view.ready,
        "broker": gateway.view.broker_there,
        "videos": len(gateway.view.videos),
    }
    return _json(told, 200 if there else 503)


@router.get(
    "/metrics", summary="Metrics", dependencies=[needs("read")], response_class=Response, include_in_schema=False
)
async def metrics(gateway: TheGateway) -> Response:
    """For Prometheus."""
    return Response(generate_latest(gateway.metrics), media_type=CONTENT_TYPE_LATEST)


@router.get(
    "/v1/status",
    summary="Agents, lag, queue",
    dependencies=[needs("read")],
    response_class=Response,
    responses={**told("What runs, and how much waits.", _STATUS), **errors()},
)
async def status(gateway: TheGateway) -> Response:
    """Workers of each agent, records that wait before it, and how many videos are in which state."""
    return _json(await _Status.of(gateway).told())


@router.post(
    "/v1/session",
    status_code=204,
    summary="A cookie for media",
    dependencies=[needs("read")],
    response_class=Response,
    responses={204: {"description": f"A cookie that serves reads for {LIFE_S // 60} minutes."}, **errors()},
)
async def session(request: Request, gateway: TheGateway, caller: TheCaller) -> Response:
    """A short-lived cookie for what a browser loads without a header: `<video src>`, `<img src>`, `EventSource`."""
    answer = Response(status_code=204)
    if caller.key is not None:
        answer.set_cookie(
            COOKIE,
            make_session(caller.key, gateway.clock.now_ms()),
            max_age=LIFE_S,
            path="/v1",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
    return answer


@router.delete(
    "/v1/session",
    status_code=204,
    summary="Forget the cookie",
    response_class=Response,
    responses={204: {"description": "The browser forgets it."}, **errors()},
    dependencies=[needs("read")],
)
async def end_session() -> Response:
    """The cookie goes."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/v1", httponly=True, samesite="strict")
    return answer


class _Status:
    """Asked of the broker once for all who ask within a second."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = asyncio.Lock()
        self._at_s = float("-inf")
        self._told: dict[str, Any] = {}

    @classmethod
    def of(cls, gateway: Gateway) -> _Status:
        found = gateway.kept.setdefault("status", cls(gateway))
        assert isinstance(found, cls)
        return found

    async def told(self) -> dict[str, Any]:
        """The answer.

        Raises:
            Problem: Kafka does not answer.
        """
        await self._gateway.fresh()
        async with self._lock:
            now_s = self._gateway.clock.monotonic_s()
            if now_s - self._at_s > _STATUS_S:
                self._told, self._at_s = await self._ask(), now_s
            return self._told | {"videos": self._videos()}

    async def _ask(self) -> dict[str, Any]:
        settings = self._gateway.settings
        try:
            states = await group_states(settings)
        except ClipstreamError as error:
            raise problem_of(error) from error
        except (KafkaError, TimeoutError, OSError) as error:
            raise Problem(
                503, "Kafka does not answer.", "Try again in a moment.", headers={"Retry-After": "2"}
            ) from error
        supervised = await asyncio.to_thread(read_states, settings.data_dir)
        return {
            "broker": masked(settings.broker_url),
            "keys": self._gateway.keys.asked_for(),
            "agents": [
                {"agent": one.agent, "members": one.members, "lag": one.lag, **supervised.get(one.agent, {})}
                for one in states
            ],
        }

    def _videos(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for video in self._gateway.view.videos.all():
            counts[video.status] = counts.get(video.status, 0) + 1
        return counts


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status_code=status, media_type="application/json")


__all__ = ["router"]
