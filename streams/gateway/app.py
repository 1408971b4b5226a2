"""The FastAPI application: routes, errors, the guard before them, the page at `/`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.staticfiles import StaticFiles

from processors.errors import ClipstreamError
from streams.clock import Clock
from streams.gateway.core import Gateway
from streams.gateway.documents import document
from streams.gateway.guard import Guard
from streams.gateway.problems import MEDIA_TYPE, Problem, problem_of
from streams.gateway.routes import batches, blobs, events, letters, parts, search, system, uploads, videos
from streams.settings import Settings

log = logging.getLogger("clipstream.gateway")
PAGE: Final = Path(__file__).with_name("page")
_ABOUT: Final = """\
Long videos in; transcripts, understanding and ranked segments out. Submit a video, follow its events, read its result.

Errors are `application/problem+json` with a `remedy`. With API keys, send `Authorization: Bearer KEY`.
"""
_PARTS: Final = (videos, batches, parts, blobs, events, uploads, search, letters, system)
_MOST_ERRORS: Final = 20


def create_app(settings: Settings, clock: Clock) -> FastAPI:
    """The application.

    Args:
        settings: with a broker.
        clock: wall and monotonic time.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.gateway = gateway = Gateway(settings, clock)
        async with gateway.running():
            yield

    app = FastAPI(
        title="clipstream",
        version=version("clipstream"),
        description=_ABOUT,
        lifespan=lifespan,
        docs_url=None,  # it would load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    for part in _PARTS:
        app.include_router(part.router)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    # last: everything that is no route is a file of the page
    app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(ClipstreamError, _problem)
    app.add_exception_handler(HTTPException, _problem)
    app.add_exception_handler(ClientDisconnect, _problem)
    app.add_exception_handler(RequestValidationError, _problem)
    app.add_exception_handler(Exception, _problem)
    return app


def guarded(app: FastAPI, settings: Settings, clock: Clock) -> Guard:
    """The application behind what every request passes first. Outermost, so that no answer goes out without it."""
    from streams.gateway.keys import KeyRing, keys_path

    return Guard(app, settings, KeyRing(keys_path(settings)), clock)


async def _problem(request: Request, error: Exception) -> Response:
    problem = _as_problem(request, error)
    body = b"" if request.method == "HEAD" else problem.body(getattr(request.state, "request_id", ""))
    return Response(body, status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers)


def _as_problem(request: Request, error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, ClipstreamError):
        return problem_of(error)
    if isinstance(error, ClientDisconnect):
        return Problem(400, "The connection ended before the request did.")  # nobody reads it
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        headers = dict(error.headers or {})
        others = _methods(request)
        if error.status_code == 404 and others:  # the page's files are looked for behind all routes
            error = HTTPException(405)
        if error.status_code == 404:
            return Problem(
                404,
                f"There is nothing at {request.url.path[:200]}.",
                "/openapi.json lists all routes.",
                headers=headers,
            )
        if error.status_code == 405:
            allowed = headers["Allow"] = ", ".join(others or ("GET", "HEAD"))
            return Problem(
                405,
                f"{request.method} is not possible here.",
                f"Possible: {allowed}." if allowed else "",
                headers=headers,
            )
        return Problem(error.status_code, str(error.detail), "/openapi.json tells what is expected.", headers=headers)
    log.error("An error nobody expected.", exc_info=error)
    return Problem(500, "The gateway failed.", "Its log tells more, under the request_id.")


def _methods(request: Request) -> list[str]:
    """All methods of a route's path, none for the page; the framework names those of its first route alone."""
    found: set[str] = set()
    for part in _PARTS:
        for one in part.router.routes:
            if isinstance(one, APIRoute) and one.matches(request.scope)[0] is not Match.NONE:
                found |= one.methods or set()
    return sorted(found)


def _invalid(error: RequestValidationError) -> Problem:
    found = [
        {
            "pointer": "/" + "/".join(str(part) for part in one["loc"]),
            "detail": str(one["msg"]).removeprefix("Value error, "),
        }
        for one in error.errors()[:_MOST_ERRORS]
    ]
    first: dict[str, Any] = found[0]
    return Problem(
        422, f"{first['pointer']}: {first['detail']}.", "/openapi.json tells what is expected.",
        kind="invalid-request", extra={"errors": found},
    )  # fmt: skip


__all__ = ["PAGE", "create_app", "guarded"]
