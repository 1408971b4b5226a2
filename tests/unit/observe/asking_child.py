"""A pool child whose jobs ask a service that is not there; client, tally and protocol are the real ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from processors import child
from processors.cancelling import JobCancelled, sleep_while_wanted
from processors.errors import ServiceUnavailable
from processors.service import ServiceConfig, client_for


def ask(request: dict[str, Any], _tools: Any) -> Iterator[Any]:
    """Ask until the breaker is open, and once more."""

    def send(sdk: Any) -> Any:
        parameters = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
        return sdk.chat.completions.with_streaming_response.create(**parameters)

    client = client_for(ServiceConfig(request["url"], "key", 60.0))
    client._base_s = 0.001  # its back-off takes seconds
    for _ in range(3):
        with suppress(ServiceUnavailable):
            client.call(send, 10, len)
    yield {"asked": True}


def ask_for_long(request: dict[str, Any], tools: Any) -> Iterator[Any]:
    """Ask, say so, and go on until nobody wants it any more."""
    yield from ask(request, tools)
    sleep_while_wanted(600.0)


def hungry(_request: dict[str, Any], _tools: Any) -> Iterator[Any]:
    """Come to the limit of memory in the moment in which nobody wants it any more."""
    yield {}
    try:
        sleep_while_wanted(600.0)
    except JobCancelled:
        raise MemoryError from None


def quiet(_request: dict[str, Any], _tools: Any) -> Iterator[Any]:
    """Ask nobody."""
    yield {"asked": False}


if __name__ == "__main__":
    child.main(int(sys.argv[1]), {"ask": ask, "ask-for-long": ask_for_long, "hungry": hungry, "quiet": quiet})
