"""Makes the pictures of the page in `docs/`: the list of videos; a video on a desktop, light and dark, and on a phone.

For maintainers, with a video that is through: `clipstream up --detach --gateway`, `clipstream process VIDEO`, then
`python -m ops.docs.page_pictures`. The browser is Chromium (`ops/browser/install.sh`).
"""

from __future__ import annotations

import io
import json
import shutil
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image

from streams.reading import load_settings

DOCS: Final = Path(__file__).parents[2] / "docs"
_LIMIT_MS: Final = 60_000
_QUALITY: Final = 82  # of WebP: letters stay sharp, 40 to 100 kB a picture
_AT_S: Final = 44  # of the sample: somebody speaks, and a segment is on


@dataclass(frozen=True)
class Picture:
    """One picture: its file, on which screen."""

    name: str
    size: tuple[int, int]
    scheme: str = "light"
    scale: float = 1.0
    of_list: bool = False


PICTURES: Final = (
    Picture("page-list", (1_280, 620), of_list=True),
    Picture("page-video", (1_280, 1_000)),
    Picture("page-video-dark", (1_280, 1_000), "dark"),
    Picture("page-phone", (360, 760), scale=2.0),
)


def main(url: str = "") -> None:
    """Take the pictures.

    Args:
        url: of the gateway; that of the settings when empty.
    """
    from playwright.sync_api import Error, sync_playwright

    url = url or f"http://127.0.0.1:{load_settings().gateway_port}"
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("There is no Chromium on this machine: ops/browser/install.sh installs it.")
    video = _newest(url)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for picture in PICTURES:
            try:
                _take(browser, url, video, picture)
            except Error as error:
                sys.exit(f"{picture.name}: {error}")
        browser.close()


def _newest(url: str) -> str:
    """The newest video that is through."""
    try:
        with urllib.request.urlopen(f"{url}/v1/videos?status=final&limit=1", timeout=10) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
    except OSError as error:
        sys.exit(f"The gateway at {url} does not answer ({error}): `clipstream up --detach --gateway`.")
    if not found["videos"]:
        sys.exit("No video is through: `clipstream process VIDEO`.")
    return str(found["videos"][0]["video_id"])


def _take(browser: Any, url: str, video: str, picture: Picture) -> None:
    width, height = picture.size
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme=picture.scheme, device_scale_factor=picture.scale,
        reduced_motion="reduce",
    )  # fmt: skip
    page.set_default_timeout(_LIMIT_MS)
    if picture.of_list:
        page.goto(f"{url}/#/")
        page.locator(".video-row").first.wait_for()
    else:
        _open(page, f"{url}/#/video/{video}?t={_AT_S}")
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        path = DOCS / f"{picture.name}.webp"
        shot.convert("RGB").save(path, quality=_QUALITY, method=6)
    print(f"{path.name}: {path.stat().st_size:,} bytes")
    page.close()


def _open(page: Any, address: str) -> None:
    """A video, with everything that loads later."""
    page.goto(address)
    page.locator(".utterances li[aria-current]").wait_for()
    page.locator(".timeline svg .cursor").wait_for(state="attached")
    for shown in page.locator(".card img").all():
        shown.evaluate("one => { one.loading = 'eager'; return one.decode(); }")
    page.locator("video").evaluate(
        "one => new Promise(done => one.seeking || one.readyState < 3 ? one.oncanplay = done : done())"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
