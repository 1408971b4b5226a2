"""Which writer schemas let a small record take no more than a small effort.

Every count and length of a record is checked against its bytes as it is read: who declares 2^60 items must send them.
Three kinds of schema escape that, and are refused before any record is read by them. Items that take no bytes (null, an
empty record) can be declared by the billion in ten bytes: fastavro filled 1.8 GB in 10 s, and where the reader skips
them, went on for ever. A schema that contains itself nests as deep as a record has bytes: 900,000 levels overflowed
fastavro's stack, which ends the process. Records of no bytes that name one another twice double with each level.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Final

import fastavro

_MAX_DEPTH: Final = 64  # ours have 8
_BYTES: Final = {"null": 0, "float": 4, "double": 8}  # of all other primitive types at least 1
_SCHEMAS_KEPT: Final = 256
# Records that name one another twice double with each level: one record by 55 of them would never be read to its end.
# Ours take some 200 steps.
_MAX_STEPS: Final = 10_000
_Cost = tuple[int, int]  # bytes, steps


@lru_cache(_SCHEMAS_KEPT)
def unbounded(text: str) -> str | None:
    """Why records by a schema may not be read; None when they may.

    Args:
        text: the schema in JSON.
    """
    try:
        _least(fastavro.parse_schema(json.loads(text)), {}, ())
    except _Unbounded as found:
        return str(found)
    except RecursionError:
        return "it is too deep"
    return None


class _Unbounded(Exception):
    pass


def _least(schema: Any, named: dict[str, _Cost], open_names: tuple[str, ...], depth: int = 0) -> _Cost:
    """Least size of a datum on the wire, and the steps that reading one takes, each array or map with one item.

    Args:
        schema: parsed by fastavro, so names are full.
        named: what the named types cost that were met.
        open_names: of the records around this one.
        depth: of types around this one.
    """
    if depth > _MAX_DEPTH:
        raise _Unbounded(f"it is more than {_MAX_DEPTH} types deep")
    if isinstance(schema, list):
        branches = [_least(branch, named, open_names, depth + 1) for branch in schema]
        return _cost(1 + min((size for size, _ in branches), default=0), max((n for _, n in branches), default=0))
    if isinstance(schema, str):
        if schema in open_names:
            raise _Unbounded(f"'{schema}' contains itself")
        return named.get(schema, (_BYTES.get(schema, 1), 1))
    kind = schema["type"]
    if kind in ("record", "error"):
        around = (*open_names, schema["name"])
        found = [_least(field["type"], named, around, depth + 1) for field in schema["fields"]]
        named[schema["name"]] = _cost(sum(size for size, _ in found), sum(steps for _, steps in found))
        return named[schema["name"]]
    if kind == "array":
        size, steps = _least(schema["items"], named, open_names, depth + 1)
        if size == 0:
            raise _Unbounded("it has an array whose items take no bytes")
        return _cost(1, steps)
    if kind == "map":
        return _cost(1, _least(schema["values"], named, open_names, depth + 1)[1])
    if kind == "fixed":
        named[schema["name"]] = (int(schema["size"]), 1)
        return named[schema["name"]]
    if kind == "enum":
        named[schema["name"]] = (1, 1)
        return named[schema["name"]]
    return _least(kind, named, open_names, depth + 1)


def _cost(size: int, steps: int) -> _Cost:
    if steps >= _MAX_STEPS:
        raise _Unbounded(f"a record of it takes more than {_MAX_STEPS:,} steps to read")
    return size, steps + 1


__all__ = ["unbounded"]
