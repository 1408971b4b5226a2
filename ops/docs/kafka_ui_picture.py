"""Makes `docs/kafka-ui.png`: a browser opens the Kafka UI, loads a topic and unfolds its first record.

For maintainers, with something on the topics: `clipstream up --detach --ui`, `clipstream process VIDEO`, `pip install
playwright`, then `python -m ops.docs.kafka_ui_picture`. The browser is the machine's own Chromium.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

from PIL import Image

from ops.local.info import read_cluster
from streams.reading import load_settings
from streams.topics import SEGMENTS

PICTURE: Final = Path(__file__).parents[2] / "docs" / "kafka-ui.png"
_WIDTH: Final = 1_280
_HEIGHT: Final = 1_900
_LIMIT_MS: Final = 60_000
_COLOURS: Final = 64  # enough for text on white, and a quarter of the size


def main(topic: str = SEGMENTS.name) -> None:
    """Take the picture.

    Args:
        topic: which one is shown.
    """
    from playwright.sync_api import sync_playwright

    cluster = read_cluster(load_settings().data_dir)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if cluster is None or cluster.ui_url is None or chromium is None:
        sys.exit("It takes `clipstream up --detach --ui` and a Chromium on this machine.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        page.set_default_timeout(_LIMIT_MS)
        page.goto(cluster.ui_url)
        page.get_by_text("Status: Connected").wait_for()
        page.get_by_role("combobox").first.fill(topic)
        page.get_by_role("option", name=topic, exact=True).click()
        page.get_by_text("From beginning").click()
        page.get_by_role("button", name="Load Messages").click()
        page.get_by_text("Message Details").wait_for()
        page.get_by_text("#1 partition").click()
        record = page.locator("code").filter(has_text="video_id").first
        record.wait_for()
        page.screenshot(path=PICTURE)
        browser.close()
    with Image.open(PICTURE) as picture:
        picture.convert("RGB").quantize(_COLOURS).save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
