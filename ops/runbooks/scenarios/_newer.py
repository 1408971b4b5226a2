"""A newer version of this project, made of this one: a schema with one more field, a raised stage, a higher number."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Final

from ops.runbooks.transcript import PROJECT

VERSION: Final = "0.2.0"
# Far above any id that is given out, and below the end of the bundled range.
NEW_ID: Final = 90_000
TOPIC: Final = "transcript"
_FIELD: Final = {"name": "reviewed_by", "type": ["null", "string"], "default": None}
_PACKAGES: Final = ("ops", "processors", "schemas", "streams")


def make_newer(folder: Path) -> None:
    """Write it to a folder from which it can be run by PYTHONPATH.

    Raises:
        ValueError: the source is not as it was when this was written.
    """
    for name in _PACKAGES:
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    _schema(folder / "schemas")
    _replace(
        folder / "schemas" / "messages.py",
        r"(class TranscriptMessage:\n(?:.*\n)*?    end: ExtractionEnd \| None\n)",
        r"\1    reviewed_by: str | None = None\n",
    )
    _replace(folder / "processors" / "versions.py", r'"segmenter": (\d+)', lambda found: f'"segmenter": 1{found[1]}')
    metadata = folder / f"clipstream-{VERSION}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: clipstream\nVersion: {VERSION}\n")


def _schema(schemas: Path) -> None:
    text = (schemas / f"{TOPIC}.avsc").read_text(encoding="utf-8")
    ids = json.loads((schemas / "ids.json").read_text(encoding="utf-8"))
    (schemas / "released" / f"{1_000_000 + ids[TOPIC][-1]}.avsc").write_text(text, encoding="utf-8")
    ids[TOPIC].append(NEW_ID)
    (schemas / "ids.json").write_text(json.dumps(ids), encoding="utf-8")
    schema = json.loads(text)
    schema["fields"].append(_FIELD)
    (schemas / f"{TOPIC}.avsc").write_text(json.dumps(schema, indent=2), encoding="utf-8")


def _replace(path: Path, pattern: str, by: object) -> None:
    text, count = re.subn(pattern, by, path.read_text(encoding="utf-8"))  # type: ignore[call-overload]
    if count != 1:
        raise ValueError(f"{path.name} has {count} places for {pattern}")
    path.write_text(text, encoding="utf-8")


__all__ = ["NEW_ID", "TOPIC", "VERSION", "make_newer"]
