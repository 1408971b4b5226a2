"""aimock, somebody else's server that speaks OpenAI's API: installed from npm, started, steered, asked what it saw.

The version is pinned by `package-lock.json` with the digest of its package; nothing of it lies in this repository.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from ops.local.child import spawn, stop, tail, wait_until
from tests.openai_service import KEY

_HERE: Final = Path(__file__).parent
_PACKAGE: Final = Path("node_modules", "@copilotkit", "aimock")
_INSTALL_LIMIT_S: Final = 90.0  # 1 MB, two seconds; a registry that does not answer is tried twice
_START_LIMIT_S: Final = 60.0
_ANSWER_LIMIT_S: Final = 60.0
_END_LIMIT_S: Final = 5.0  # it waits for connections that are open
_OLDEST_NODE: Final = (20, 15)  # by its package.json
# What npm says when it cannot reach the registry. Anything else, a wrong digest above all, is a failure of the test.
_UNREACHABLE: Final = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|E50[234]"
)
_LISTENING: Final = re.compile(r"listening on (http://127\.0\.0\.1:\d+)")


def installed(folder: Path) -> Path:
    """Install aimock; the test is skipped where that cannot be done.

    Args:
        folder: an empty one, outside the repository.

    Returns:
        The program, for node.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("install Node.js (20.15 or newer) with npm, which bring the server that this is tested against")
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    version = tuple(int(part) for part in told.strip().removeprefix("v").split(".")[:2])
    if version < _OLDEST_NODE:
        pytest.skip(f"install Node.js 20.15 or newer; this is {told.strip()}")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_HERE / name, folder / name)
    try:
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_INSTALL_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm needs its registry, which gave no package in {_INSTALL_LIMIT_S:.0f} s")
    if done.returncode != 0:
        said = done.stderr[-2_000:]
        if _UNREACHABLE.search(said):
            pytest.skip("npm needs its registry, which cannot be reached: `npm config set registry` names another")
        pytest.fail(f"npm ci failed: {said}")
    return folder / _PACKAGE / "dist" / "cli.js"


class Aimock:
    """A running aimock.

    Args:
        url: where it listens.
        pid: its process.
    """

    def __init__(self, url: str, pid: int) -> None:
        self.url, self.pid = url, pid

    @property
    def base_url(self) -> str:
        """Of the OpenAI API."""
        return f"{self.url}/v1"

    def answers(self, *fixtures: dict[str, Any]) -> None:
        """Add fixtures; the first that fits a request answers it.

        Args:
            fixtures: as in a file of aimock's, with `match` and `response`.
        """
        self._control("POST", "/fixtures", {"fixtures": list(fixtures)})

    def fails(self, **rates: float) -> None:
        """From now on break answers.

        Args:
            rates: `dropRate`, `malformedRate`, `rateLimitRate`, `disconnectRate` from 0 to 1, `latencyMs`.
        """
        self._control("POST", "/chaos", rates)

    def recorded(self) -> list[dict[str, Any]]:
        """All requests to the API, in their order, with what was answered."""
        found = self._control("GET", "/journal")
        assert isinstance(found, list)
        return found

    def reset(self) -> None:
        """Forget fixtures, requests and what is broken."""
        self._control("POST", "/reset")
        self._control("DELETE", "/chaos")

    def _control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/__aimock{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=_ANSWER_LIMIT_S) as answer:
            return json.load(answer)


@contextmanager
def running(program: Path, folder: Path) -> Iterator[Aimock]:
    """Start it on a free port, and end it, whatever happens.

    Args:
        program: of `installed`.
        folder: for its log and an empty set of fixtures.
    """
    none, log = folder / "fixtures.json", folder / "aimock.log"
    none.write_text('{"fixtures": []}')
    argv = ["node", str(program), "--port", "0", "--host", "127.0.0.1", "--fixtures", str(none)]
    process = spawn(argv, log, env={**os.environ, "AIMOCK_API_KEYS": KEY}, cwd=folder)
    try:
        ready = wait_until(lambda: _LISTENING.search(tail(log)) is not None, _START_LIMIT_S, process)
        assert ready, f"aimock did not start: {tail(log)}"
        listening = _LISTENING.search(tail(log))
        assert listening is not None
        yield Aimock(listening[1], process.pid)
    finally:
        stop(process, _END_LIMIT_S)


def answering(
    count: int, pictures: Sequence[dict[str, Any]] | str, nth: int | None = None, **overrides: Any
) -> dict[str, Any]:
    """A fixture for requests about so many pictures that ask for an answer in the form of a schema.

    Args:
        count: pictures of the request.
        pictures: what is said of each, or the whole content of the answer as a text.
        nth: answers the so manieth such request only, from 0.
        overrides: `usage`, `finishReason` and the like of the answer.
    """
    content = pictures if isinstance(pictures, str) else {"pictures": list(pictures)}
    return {"match": _about(f"{count} pictures of a video", nth), "response": {"content": content, **overrides}}


def grasping(count: int, moments: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A fixture for requests about so many moments, with what is said of each."""
    return {"match": _about(f"{count} moments of a video"), "response": {"content": {"moments": list(moments)}}}


def copying(count: int, clips: Sequence[dict[str, Any]] | str, nth: int | None = None) -> dict[str, Any]:
    """A fixture for requests about so many clips, with what is written about each, or the whole content as a text."""
    content = clips if isinstance(clips, str) else {"clips": list(clips)}
    return {"match": _about(f"{count} clips of a video", nth), "response": {"content": content}}


def failing(count: int, status: int, nth: int | None = None, what: str = "pictures", **changes: Any) -> dict[str, Any]:
    """A fixture that answers with an error; `retryAfter` in seconds is one of its changes."""
    answer = {"error": {"message": "Not now.", "type": "server_error"}, "status": status, **changes}
    return {"match": _about(f"{count} {what} of a video", nth), "response": answer}


def _about(what: str, nth: int | None = None) -> dict[str, Any]:
    match: dict[str, Any] = {
        "userMessage": what,
        "model": "gpt-4.1-mini",
        "responseFormat": "json_schema",
        "endpoint": "chat",
    }
    return match if nth is None else {**match, "sequenceIndex": nth}


__all__ = ["Aimock", "answering", "copying", "failing", "grasping", "installed", "running"]
