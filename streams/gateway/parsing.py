"""Strict JSON bodies: UTF-8, no NaN, no numbers beyond 64 bits, no depth that could exhaust a stack."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute

from streams.gateway.problems import Problem


class _StrictRequest(Request):
    async def json(self) -> Any:
        """The body; orjson refuses what Python's own reader lets through, and depths beyond 1,024."""
        if not hasattr(self, "_json"):
            try:
                self._json = orjson.loads(await self.body())
            except orjson.JSONDecodeError as error:
                raise Problem(
                    400, f"The body is not valid JSON: {error}.", "Send one JSON document in UTF-8."
                ) from error
        return self._json


class StrictRoute(APIRoute):
    """A route that reads JSON strictly and takes no other body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See FastAPI."""
        inner = super().get_route_handler()
        takes_body = self.body_field is not None

        async def handle(request: Request) -> Response:
            if takes_body:
                kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if kind != "application/json" and request.headers.get("content-length", "0") != "0":
                    # a form or plain text is what a page of another site can send without asking first
                    raise Problem(415, f"The body is '{kind[:60]}'.", "Send JSON, `Content-Type: application/json`.")
            strict = _StrictRequest(request.scope, request.receive)
            if takes_body and await strict.body():
                await strict.json()  # here, since within the framework every error of it becomes the same one
            return await inner(strict)

        return handle


__all__ = ["StrictRoute"]
