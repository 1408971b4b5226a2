"""What was erased of a video, and what remains until when: for whoever asked for it, and for the files."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Erased:
    """Something that is gone.

    Attributes:
        what: in a word or two.
        count: how many.
        size_bytes: of them, where that is known.
        where: the place.
    """

    what: str
    count: int
    size_bytes: int | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Remains:
    """Something that is still there.

    Attributes:
        what: in a word or two.
        count: how many.
        why: it is not gone.
        until_ms: wall time by which it is; None where no time does it.
    """

    what: str
    count: int
    why: str
    until_ms: int | None = None


@dataclass(slots=True)
class Receipt:
    """The receipt of one erasing; a second one of the same video finds less and says the same of what remains."""

    video_id: str
    generation: int
    erased: list[Erased] = field(default_factory=list)
    remains: list[Remains] = field(default_factory=list)
    complete: bool = True  # false where something must be done again, as `remains` says

    def gone(self, what: str, count: int, size_bytes: int | None = None, where: str = "") -> None:
        """Enter what is gone; nothing is left out, so that a reader sees what was looked at."""
        self.erased.append(Erased(what, count, size_bytes, where))

    def left(self, what: str, count: int, why: str, until_ms: int | None = None) -> None:
        """Enter what remains, if there is any."""
        if count:
            self.remains.append(Remains(what, count, why, until_ms))

    def to_json(self) -> dict[str, Any]:
        """All of it, times also for people."""
        found = asdict(self)
        for entry in found["remains"]:
            entry["until"] = None if entry["until_ms"] is None else day(entry["until_ms"])
        return found


def day(at_ms: int) -> str:
    """A time for people, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


__all__ = ["Erased", "Receipt", "Remains", "day"]
