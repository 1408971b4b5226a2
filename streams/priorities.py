"""How urgent a request is: one number on the request, a level in the agents, a header on every record that comes of it.

The number is 0 for what is usual; higher goes first. With N levels it is taken into the range from -((N - 1) // 2) to N
// 2: of three, the usual ones, 1 is high and -1 is low. The header travels from record to record, not the message: what
a stage does is the same whatever the level, results too, and older builds read on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

NORMAL: Final = 0
HEADER: Final = "clipstream-priority"
NAMES: Final = {"high": 1, "normal": NORMAL, "low": -1}
_MOST: Final = 1_000  # what a header may say; levels are at most 9


def level_of(priority: int, levels: int) -> int:
    """The level of a request among so many.

    Args:
        priority: as the request says.
        levels: how many there are, >= 1.
    """
    return max(-((levels - 1) // 2), min(levels // 2, priority))


def headers_of(priority: int) -> list[tuple[str, bytes]]:
    """The headers of a record of that priority; none for the usual one."""
    return [] if priority == NORMAL else [(HEADER, str(priority).encode())]


def priority_of(headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None) -> int:
    """What the headers of a record say; the usual one where they say nothing that can be read."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
    for name, value in pairs:
        if name == HEADER:
            try:
                return max(-_MOST, min(_MOST, int(value)))
            except (TypeError, ValueError):  # by other programs: no value, or no number
                return NORMAL
    return NORMAL


def named(text: str) -> int:
    """A priority by its name or number. Raises ValueError."""
    return NAMES[text] if text in NAMES else int(text)


__all__ = ["HEADER", "NAMES", "NORMAL", "headers_of", "level_of", "named", "priority_of"]
