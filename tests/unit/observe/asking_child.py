"""A pool child whose jobs ask a service that is not there; client, tally and protocol are the real ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from processors import child
from processors.errors import ServiceUnavailable
from processors.service import ServiceConfig, client_for


def ask(request: dict[str, Any], _tools: Any) -> Iterator[Any]:
    """Ask until the breaker is open, and once more."""

    def send(sdk: Any) -> Any:
        parameters = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
        return sdk.chat.completions.with_streaming_response.create(**parameters)

    client = client_for(ServiceConfig(request["url"], "key", 5.0))
    client._base_s = 0.001  # its back-off takes seconds
    for _ in range(3):
        with suppress(ServiceUnavailable):
            client.call(send, 10, len)
    yield {"asked": True}


def quiet(_request: dict[str, Any], _tools: Any) -> Iterator[Any]:
    """Ask nobody."""
    yield {"asked": False}


if __name__ == "__main__":
    child.main(int(sys.argv[1]), {"ask": ask, "quiet": quiet})
