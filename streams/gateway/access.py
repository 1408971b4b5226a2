"""Scopes as dependencies of routes, and the security scheme of the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from streams.gateway.guard import Caller
from streams.gateway.keys import Scope
from streams.gateway.problems import Problem

_BEARER: Final = HTTPBearer(
    scheme_name="ApiKey",
    auto_error=False,
    description="A key of `clipstream keys create`; none where there are no keys.",
)


def needs(scope: Scope) -> Any:
    """A dependency of a route that refuses callers without a scope. Who they are is known by then (`guard.py`).

    Dependencies are coroutines: FastAPI runs plain functions in threads, each a way through a lock and back.
    """

    async def check(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]) -> None:
        caller: Caller = request.state.caller
        if not caller.may(scope):
            raise Problem(
                403, f"The API key '{caller.name}' has no scope '{scope}'.",
                f"`clipstream keys create NAME --scope {scope}` makes one that has.", kind="scope-missing",
            )  # fmt: skip

    return Depends(check)


__all__ = ["needs"]
