"""A real browser, a judge of accessibility, and what must not happen while a page is open."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request

_HERE: Final = Path(__file__).parent
_INSTALL: Final = _HERE.parents[1] / "ops" / "browser" / "install.sh"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_INSTALL_LIMIT_S: Final = 240.0  # some 100 MB
_NPM_LIMIT_S: Final = 90.0
# What apt and npm say when nobody answers. Anything else is a failure of the test.
_UNREACHABLE: Final = re.compile(
    r"Could not resolve|Temporary failure resolving|Could not connect|Unable to connect|Unable to locate package|"
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|E50[234]"
)
# Nothing below it is told by these rules with certainty; "minor" and "moderate" are advice.
_IMPACTS: Final = ("serious", "critical")


def chromium() -> str:
    """The machine's Chromium, installed first where that is possible; else the test is skipped."""
    if found := _on_path():
        return found
    if os.geteuid() != 0:
        pytest.skip("there is no Chromium: ops/browser/install.sh installs it")
    run = subprocess.run(["sh", str(_INSTALL)], capture_output=True, text=True, timeout=_INSTALL_LIMIT_S)
    if run.returncode != 0:
        said = (run.stdout + run.stderr)[-2_000:]
        if _UNREACHABLE.search(said):
            pytest.skip("ops/browser/install.sh, which installs Chromium, cannot reach a mirror")
        pytest.fail(f"ops/browser/install.sh failed: {said}")
    found = _on_path()
    assert found, "Chromium is installed"
    return found


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


def axe(folder: Path) -> str:
    """The source of axe-core, pinned by `package-lock.json` with the digest of its package.

    Args:
        folder: an empty one, outside the repository.
    """
    if shutil.which("npm") is None:
        pytest.skip("install Node.js with npm, which bring the rules of accessibility (axe-core)")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_HERE / name, folder / name)
    argv = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    try:
        run = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=_NPM_LIMIT_S)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm needs its registry, which gave no package in {_NPM_LIMIT_S:.0f} s")
    if run.returncode != 0:
        said = run.stderr[-2_000:]
        if _UNREACHABLE.search(said):
            pytest.skip("npm needs its registry, which cannot be reached: `npm config set registry` names another")
        pytest.fail(f"npm ci failed: {said}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


def violations(page: Page, source: str) -> list[str]:
    """What axe-core finds on the page as it is: rule, how bad, where. Only what is serious or critical."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(source)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['impact']} {one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found["violations"]
        if one["impact"] in _IMPACTS
        for node in one["nodes"]
    ]


class Watch:
    """What a page says on its console, and whom it asks.

    Args:
        page: is watched from now on.
        url: of its gateway.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._origin = url
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", self._request)

    def forgive(self, text: str) -> None:
        """Take from what was said what a test meant to happen: browsers report each answer that is an error."""
        assert any(text in one for one in self.said), (text, self.said)
        self.said = [one for one in self.said if text not in one]

    def foreign(self) -> list[str]:
        """Requests to anybody but the gateway."""
        return [one for one in self.asked if not one.startswith((f"{self._origin}/", f"blob:{self._origin}/", "data:"))]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(f"{message.text} ({urlsplit(message.location.get('url', '')).path})")

    def _request(self, request: Request) -> None:
        self.asked.append(request.url)


__all__ = ["Watch", "axe", "chromium", "violations"]
