"""Loads `*.avsc` and gives each schema its bundled id.

Ids are 1,000,000 + n with n from `ids.json`, which only ever grows: an id that was given once means that text of the
schema for ever, so a log written by an older build stays readable. Old versions lie in `released/<id>.avsc`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import fastavro

BUNDLED_ID_BASE: Final = 1_000_000
# Ids given out by a bundled catalogue stay far below this; a registry counts up from 1, or from here.
BUNDLED_ID_END: Final = BUNDLED_ID_BASE + 100_000
_HERE: Final = Path(__file__).parent
_RELEASED: Final = _HERE / "released"


@dataclass(frozen=True)
class WireSchema:
    """A parsed schema and its id on the wire."""

    schema_id: int
    name: str  # topic name
    text: str  # JSON as in the file
    parsed: Any  # fastavro's parsed form


@cache
def bundled(name: str) -> WireSchema:
    """The current schema of a topic.

    Raises:
        KeyError: no schema of that name is bundled.
    """
    ids = _ids()
    if name not in ids:
        raise KeyError(f"no bundled schema '{name}'; there are {', '.join(sorted(ids))}")
    return _load(ids[name][-1], name, _HERE / f"{name}.avsc")


@cache
def by_id(schema_id: int) -> WireSchema | None:
    """The bundled schema with that id, current or released; None when this build does not know it."""
    for name, ids in _ids().items():
        if schema_id == ids[-1]:
            return bundled(name)
        if schema_id in ids:
            return _load(schema_id, name, _RELEASED / f"{schema_id}.avsc")
    return None


def released() -> list[WireSchema]:
    """All bundled schemas, those of each topic with the oldest first."""
    found = [by_id(schema_id) for ids in _ids().values() for schema_id in ids]
    return [schema for schema in found if schema is not None]


@cache
def _ids() -> dict[str, list[int]]:
    loaded: dict[str, list[int]] = json.loads((_HERE / "ids.json").read_text(encoding="utf-8"))
    return {name: [BUNDLED_ID_BASE + number for number in numbers] for name, numbers in loaded.items()}


def _load(schema_id: int, name: str, path: Path) -> WireSchema:
    text = path.read_text(encoding="utf-8")
    return WireSchema(schema_id, name, text, fastavro.parse_schema(json.loads(text)))
