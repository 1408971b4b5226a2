"""A file goes from the browser to a result: in parts, over a broken connection, with a pause."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.browsing import Watch
from tests.pipeline import until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(900)]
_PADDING_BYTES: Final = 20 << 20  # three parts of 8 MiB
_RESULT_MS: Final = 180_000


@pytest.fixture
def large(sample: Path, tmp_path: Path) -> Path:
    """The sample with a box behind it that players skip (ISO 14496-12, `free`)."""
    path = tmp_path / "large <b>talk.mp4"
    path.write_bytes(sample.read_bytes() + struct.pack(">I4s", 8 + _PADDING_BYTES, b"free") + bytes(_PADDING_BYTES))
    return path


def test_a_file_is_uploaded_in_parts(page: Page, watch: Watch, gateway_url: str, large: Path) -> None:
    offsets: list[int] = []
    held: list[Route] = []

    def handle(route: Route) -> None:
        if route.request.method != "PATCH":
            return route.continue_()
        offsets.append(int(route.request.headers["upload-offset"]))
        if len(offsets) == 2:
            return route.abort("connectionreset")
        if len(offsets) == 3:
            return held.append(route)  # never answered: the pause ends it
        return route.continue_()

    page.route("**/v1/uploads/*", handle)
    page.goto("/#/submit")
    page.get_by_label("Choose files").set_input_files(large)
    line = page.locator(".upload")
    expect(line.locator(".name")).to_have_text(large.name)
    until(lambda: bool(held) or page.wait_for_timeout(50) is not None, "the part is sent again after the break")
    line.get_by_role("button", name="Pause").click()
    expect(line.locator(".share")).to_contain_text("paused at")
    line.get_by_role("button", name="Go on").click()
    taken = line.get_by_role("link")
    expect(taken).to_be_visible()
    watch.forgive("ERR_CONNECTION_RESET")
    size = large.stat().st_size
    assert offsets == [0, 8 << 20, 8 << 20, 8 << 20, 16 << 20], "nothing is sent twice that has arrived"
    assert size > offsets[-1]

    taken.click()
    expect(page.locator(".under .badge")).to_have_attribute("data-status", "final", timeout=_RESULT_MS)
    video = page.locator("video")
    until(lambda: float(video.evaluate("one => one.duration || 0")) > 70, "the upload is what is played")
    where = f"{gateway_url}/v1/videos/{page.url.rpartition('/')[2]}/media"
    media = httpx.get(where, headers={"Range": "bytes=0-0"}, timeout=60)
    assert media.headers["content-range"] == f"bytes 0-0/{size}"


def test_an_upload_asks_for_a_key(browser: Browser, locked_gateway: tuple[str, str], tmp_path: Path) -> None:
    """The view asks nothing that needs one, so the upload is the first that is refused."""
    url, token = locked_gateway
    file = tmp_path / "notes.mp4"
    file.write_bytes(b"no video")
    context = browser.new_context(base_url=url)
    page = context.new_page()
    page.goto("/#/submit")
    page.get_by_label("Choose files").set_input_files(file)
    dialog = page.get_by_role("dialog", name="This gateway asks for an API key")
    dialog.get_by_role("button", name="Not now").click()
    line = page.locator(".upload")
    expect(line.get_by_role("alert")).to_be_visible()
    line.get_by_role("button", name="Try again").click()
    dialog.get_by_label("API key").fill(token)
    dialog.get_by_role("button", name="Use this key").click()
    expect(line.get_by_role("link")).to_be_visible()
    context.close()
