"""Dead letters over HTTP: many who ask at once cost one read of the topics, and who sends again sees it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from schemas.messages import DeadLetter
from streams.clock import SystemClock
from streams.gateway.core import Gateway
from streams.gateway.guard import Caller
from streams.gateway.problems import Problem
from streams.gateway.routes import letters as route
from streams.letters import Letter
from streams.settings import Settings

LETTER = DeadLetter("transcriber", "audio-chunk", 3, 41, b"v", b"x", "v", "JobTimedOut", "No output.", "", 4, 5)
ID = "audio-chunk:3:41"


class _Later(SystemClock):
    ahead_s = 0.0

    def monotonic_s(self) -> float:
        return self.ahead_s


class _Held:
    """In place of a letter: of these it can be told when nobody has them any more."""


class _Topics:
    """Counts how often they are read through."""

    def __init__(self) -> None:
        self.reads = 0
        self.sent: set[str] = set()

    async def letters(self, _: Settings) -> list[Letter]:
        self.reads += 1
        found = [Letter(LETTER, ID in self.sent)]
        await asyncio.sleep(0)  # the others come meanwhile
        return found

    async def requeue(self, _: Settings, chosen: Iterable[Letter]) -> list[Letter]:
        found = [one for one in chosen if not one.requeued]
        await asyncio.sleep(0)
        self.sent |= {one.id for one in found}
        return found


async def test_the_topics_are_read_once_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    read, clock = _Topics(), _Later()
    monkeypatch.setattr(route, "letters", read.letters)
    monkeypatch.setattr(route, "requeue", read.requeue)
    app = FastAPI()
    app.include_router(route.router)
    app.state.gateway = Gateway(Settings(data_dir=tmp_path), clock)

    async def refused(_: Request, problem: Exception) -> Response:
        assert isinstance(problem, Problem)
        return Response(problem.body(), problem.status)

    app.add_exception_handler(Problem, refused)

    @app.middleware("http")
    async def known(request: Request, following):  # type: ignore[no-untyped-def]
        request.state.caller = Caller()
        return await following(request)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway") as client:

        async def waiting() -> list[str]:
            answer = await client.get("/v1/dead-letters", params={"waiting": True})
            assert answer.status_code == 200, answer.text
            return [one["id"] for one in answer.json()["dead_letters"]]

        assert await asyncio.gather(*(waiting() for _ in range(20))) == [[ID]] * 20
        assert read.reads == 1
        clock.ahead_s = 60.0
        assert await waiting() == [ID]
        assert read.reads == 2, "what is old is read anew"

        async def send() -> list[str]:
            answer = await client.post("/v1/dead-letters/requeue", json={"ids": [ID]})
            return list(answer.json()["requeued"])

        assert sorted(await asyncio.gather(send(), send())) == [[], [ID]], "of two at once one sends it"
        assert await waiting() == [], "it is seen at once that it was sent again"
        missing = await client.post("/v1/dead-letters/requeue", json={"ids": ["audio-chunk:3:42"]})
        assert missing.status_code == 404


async def test_what_was_read_is_not_held_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    read, made = _Topics(), weakref.WeakSet[_Held]()

    async def found(_: Settings) -> list[_Held]:
        read.reads += 1
        one = _Held()
        made.add(one)
        return [one]

    monkeypatch.setattr(route, "letters", found)
    monkeypatch.setattr(route, "_KEPT_S", 0.2)
    letters = route._Letters.of(Gateway(Settings(data_dir=tmp_path), SystemClock()))
    for reads in (1, 2):
        assert len(await letters.told()) == 1
        assert read.reads == reads, "and it is not told as none where it was dropped"
        async with asyncio.timeout(60):
            while made:
                await asyncio.sleep(0.01)
                gc.collect()
