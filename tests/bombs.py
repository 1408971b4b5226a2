"""Avro bytes that are small on the wire and try to become large, for schemas of ours and of others."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final

RECORD_BYTES: Final = 1_000_000
HUGE: Final = (2**60, -(2**60), 2**63 - 1, -(2**63), -1)


def number(value: int) -> bytes:
    """Zigzag varint, as Avro writes long, counts and lengths."""
    value = ((value << 1) ^ (value >> 63)) & (2**64 - 1)
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def smallest(schema: Any, names: dict[str, Any]) -> bytes:
    """The shortest datum of a schema, with the first branch of a union."""
    if isinstance(schema, list):
        return number(0) + smallest(schema[0], names)
    if isinstance(schema, dict) and schema["type"] in ("record", "error"):
        return b"".join(smallest(field["type"], names) for field in schema["fields"])
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind in names:
        return smallest(names[kind], names)
    if isinstance(kind, dict | list):
        return smallest(kind, names)
    if kind == "fixed":
        return bytes(schema["size"])
    return {"null": b"", "float": bytes(4), "double": bytes(8)}.get(kind, b"\0")


def bombs(schema: Any, names: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """For each place in a schema where a number says how much comes: all that fits, and more than fits."""
    if isinstance(schema, list):
        for index, branch in enumerate(schema):
            for name, bomb in bombs(branch, names):
                yield name, number(index) + bomb
    elif isinstance(schema, str):
        if schema in names:
            yield from bombs(names[schema], names)
        elif schema in ("string", "bytes"):
            for huge in HUGE:
                yield f"{schema} of {huge}", number(huge) + b"x" * 100
            yield f"{schema} that fits", number(RECORD_BYTES) + b"x" * RECORD_BYTES
    elif schema["type"] in ("record", "error"):
        fields = schema["fields"]
        for index, field in enumerate(fields):
            before = b"".join(smallest(other["type"], names) for other in fields[:index])
            after = b"".join(smallest(other["type"], names) for other in fields[index + 1 :])
            for name, bomb in bombs(field["type"], names):
                yield f"{field['name']}.{name}", before + bomb + after
    elif schema["type"] in ("array", "map"):
        inner = schema["items"] if schema["type"] == "array" else schema["values"]
        one = smallest(inner, names)
        key = b"" if schema["type"] == "array" else b"\x06xyz"
        for huge in HUGE:
            yield f"{huge} items", number(huge) + number(5) + (key + one) * 100
        count = RECORD_BYTES // max(1, len(one) + (4 if key else 0))
        # keys of three bytes, all different
        items = b"".join((b"\x06" + struct.pack(">I", n)[1:] if key else b"") + one for n in range(count))
        yield "items that fit", number(count) + items.replace(b"\xff", b"a") + number(0)
        for name, bomb in bombs(inner, names):
            yield f"item.{name}", number(1) + key + bomb + number(0)
    elif isinstance(schema["type"], dict | list):
        yield from bombs(schema["type"], names)
    else:
        yield from bombs(schema["type"], names)
