"""One byte range of a request (RFC 9110, 14.2), pure. Several at a time are answered with the whole, as is allowed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ONE: Final = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*")


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `start` up to and with `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many."""
        return self.end - self.start + 1


class NotSatisfiable(ValueError):
    """The range lies behind the end."""


def parse_range(header: str | None, size: int) -> Span | None:
    """What a `Range` header asks for.

    Args:
        header: its value.
        size: bytes there are.

    Returns:
        The bytes, or None for all: no header, another unit, several ranges, or no valid one.

    Raises:
        NotSatisfiable: valid, and nothing of it is there.
    """
    found = _ONE.fullmatch(header or "")
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:  # the last bytes
        wanted = int(found[2])
        if wanted == 0 or size == 0:
            raise NotSatisfiable
        return Span(max(0, size - wanted), size - 1)
    start = int(found[1])
    end = int(found[2]) if found[2] else size - 1
    if found[2] and end < start:
        return None
    if start >= size:
        raise NotSatisfiable
    return Span(start, min(end, size - 1))


def matches(header: str | None, etag: str) -> bool:
    """Whether an `If-None-Match` names the tag: the weak comparison of RFC 9110."""
    if header is None:
        return False
    names = [name.strip().removeprefix("W/") for name in header.split(",")]
    return "*" in names or etag in names


__all__ = ["NotSatisfiable", "Span", "matches", "parse_range"]
