"""The page's files: what they say of the pipeline is so, and they follow the rules of the page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from processors.segments.platforms import RULES
from processors.segments.signals import ALL
from streams.gateway.app import PAGE
from streams.replay import STAGES

FILES: Final = sorted(PAGE.iterdir())
SCRIPTS: Final = [path for path in FILES if path.suffix == ".js"]


@pytest.fixture(scope="module")
def choices() -> dict[str, Any]:
    """What the page lets people choose from."""
    found: dict[str, Any] = json.loads((PAGE / "choices.json").read_text())
    return found


def test_people_choose_from_what_there_is(choices):
    assert choices["stages"] == list(STAGES)
    assert list(choices["signals"]) == [signal.name for signal in ALL]
    assert choices["platforms"] == {name: rules.name for name, rules in RULES.items()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_are_short_and_ask_nobody_else(path: Path):
    text = path.read_text()
    assert len(text.splitlines()) < 400
    # names of namespaces, and an example in a field, are fetched by nobody
    named = set(re.findall(r"https?://[^/\"'\s)]+", re.sub(r"//.*$|/\*\*.*?\*/", "", text, flags=re.MULTILINE)))
    assert named <= {"http://www.w3.org", "https://media.example.org"}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_texts_never_become_markup(path: Path):
    text = path.read_text()
    assert not re.search(r"\.(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)


def test_the_document_has_no_script_or_style_of_its_own():
    document = (PAGE / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", document)
    for name in re.findall(r"(?:src|href)=\"([^\"#/][^\"]*)\"", document):
        assert (PAGE / name).is_file(), name


def test_every_import_is_there():
    for path in SCRIPTS:
        for names, source in re.findall(r"^import \{([^}]*)\} from \"\./([^\"]+)\";$", path.read_text(), re.MULTILINE):
            exported = set(
                re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", (PAGE / source).read_text(), re.M)
            )
            assert {name.strip() for name in names.split(",") if name.strip()} <= exported, (path.name, source)
