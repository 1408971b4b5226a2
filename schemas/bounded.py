"""Which writer schemas let a small record take no more than a small effort.

Every count and length of a record is checked against its bytes as it is read: who declares 2^60 items must send them.
Two kinds of schema escape that, and are refused before any record is read by them. Items that take no bytes (null, an
empty record) can be declared by the billion in ten bytes: fastavro filled 1.8 GB in 10 s, and where the reader skips
them, went on for ever. A schema that contains itself nests as deep as a record has bytes: 900,000 levels overflowed
fastavro's stack, which ends the process.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Final

import fastavro

_MAX_DEPTH: Final = 64  # ours have 8
_BYTES: Final = {"null": 0, "float": 4, "double": 8}  # of all other primitive types at least 1
_SCHEMAS_KEPT: Final = 256


@lru_cache(_SCHEMAS_KEPT)
def unbounded(text: str) -> str | None:
    """Why records by a schema may not be read; None when they may.

    Args:
        text: the schema in JSON.
    """
    try:
        _least_bytes(fastavro.parse_schema(json.loads(text)), {}, ())
    except _Unbounded as found:
        return str(found)
    except RecursionError:
        return "it is too deep"
    return None


class _Unbounded(Exception):
    pass


def _least_bytes(schema: Any, named: dict[str, int], open_names: tuple[str, ...], depth: int = 0) -> int:
    """Least size of a datum on the wire.

    Args:
        schema: parsed by fastavro, so names are full.
        named: sizes of the named types that were met.
        open_names: of the records around this one.
        depth: of types around this one.
    """
    if depth > _MAX_DEPTH:
        raise _Unbounded(f"it is more than {_MAX_DEPTH} types deep")
    if isinstance(schema, list):
        return 1 + min((_least_bytes(branch, named, open_names, depth + 1) for branch in schema), default=0)
    if isinstance(schema, str):
        if schema in open_names:
            raise _Unbounded(f"'{schema}' contains itself")
        return named.get(schema, _BYTES.get(schema, 1))
    kind = schema["type"]
    if kind in ("record", "error"):
        name = schema["name"]
        around = (*open_names, name)
        named[name] = sum(_least_bytes(field["type"], named, around, depth + 1) for field in schema["fields"])
        return named[name]
    if kind == "array":
        if _least_bytes(schema["items"], named, open_names, depth + 1) == 0:
            raise _Unbounded("it has an array whose items take no bytes")
        return 1
    if kind == "map":
        _least_bytes(schema["values"], named, open_names, depth + 1)
        return 1
    if kind == "fixed":
        named[schema["name"]] = schema["size"]
        return int(schema["size"])
    if kind == "enum":
        named[schema["name"]] = 1
        return 1
    return _least_bytes(kind, named, open_names, depth + 1)


__all__ = ["unbounded"]
