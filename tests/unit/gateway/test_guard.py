"""What every request passes: nobody is let in when the last key is gone, and clients name no series."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from streams.clock import SYSTEM_CLOCK
from streams.gateway.guard import Guard
from streams.gateway.keys import KeyRing, create_key, keys_path, revoke_key
from streams.metrics import GATEWAY_REQUESTS
from streams.settings import Settings


async def _behind(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _asked(guard: Guard, path: str, method: str = "GET", token: str = "") -> int:
    """The status of an answer."""
    headers = [(b"host", b"localhost")]
    if token:
        headers.append((b"authorization", f"Bearer {token}".encode()))
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b""}
    answers: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        answers.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    await guard({**scope, "headers": headers}, receive, send)
    return int(answers[0]["status"])


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
async def test_when_the_last_key_is_revoked_nobody_gets_in(tmp_path: Path, host: str) -> None:
    settings = Settings(data_dir=tmp_path, gateway_host=host)
    token = create_key(keys_path(settings), "editors", ("admin",), 0)
    guard = Guard(_behind, settings, KeyRing(keys_path(settings)), SYSTEM_CLOCK)
    assert await _asked(guard, "/v1/videos") == 401
    assert await _asked(guard, "/v1/videos", token=token) == 200
    revoke_key(keys_path(settings), "editors")
    for gone in (False, True):
        if gone:
            keys_path(settings).unlink()
        assert await _asked(guard, "/v1/videos") == 401
        assert await _asked(guard, "/v1/videos", token=token) == 401
    fresh = Guard(_behind, settings, KeyRing(keys_path(settings)), SYSTEM_CLOCK)
    assert await _asked(fresh, "/v1/videos") == (401 if host == "0.0.0.0" else 200)
    assert await _asked(guard, "/healthz") == 200


async def test_methods_that_are_none_count_as_one(tmp_path: Path) -> None:
    guard = Guard(_behind, Settings(data_dir=tmp_path), KeyRing(tmp_path / "keys"), SYSTEM_CLOCK)
    for number in range(20):
        await _asked(guard, "/", method="ABCDEFGHIJKLMNOPQRST"[number:] + "LONG" * 2_000)
    seen = {sample.labels["method"] for family in GATEWAY_REQUESTS.collect() for sample in family.samples}
    assert "other" in seen
    assert max(map(len, seen)) < 10
