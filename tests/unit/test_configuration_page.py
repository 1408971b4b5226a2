"""`docs/configuration.md` is made from the settings."""

from __future__ import annotations

from ops.docs.settings_page import PAGE, page
from streams.settings import PREFIX, Settings


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m ops.docs.settings_page"


def test_every_setting_is_on_it_once() -> None:
    listed = [line.split("`")[1] for line in page().splitlines() if line.startswith("| `")]
    assert sorted(listed) == sorted(PREFIX + name.upper() for name in Settings.model_fields)
