"""How a revision of a result is told to people: how far it reaches, and what is new in it."""

from __future__ import annotations

from processors.timeline import clock
from schemas.messages import Segments


def revision_told(result: Segments) -> str:
    """A revision in a few words: "provisional up to 3:00 of 58:12, 10 segments, 3 new, 2 gone"."""
    count = len(result.segments)
    parts = [f"{result.status}{reach_of(result)}", f"{count} segment{'s' * (count != 1)}"]
    return ", ".join([*parts, *changes_of(result)])


def reach_of(result: Segments) -> str:
    """How far a provisional result knows the video, with a blank before it; empty for all others."""
    if result.until_ms is None:
        return ""
    whole = f" of {clock(result.duration_ms)}" if result.duration_ms else ""
    return f" up to {clock(result.until_ms)}{whole}"


def changes_of(result: Segments) -> list[str]:
    """What is new against what was published before; nothing where that is nothing, or nothing was."""
    changes = result.changes
    if changes is None:
        return []
    counts = {"new": changes.added, "gone": changes.removed, "at another rank": changes.moved}
    return [f"{len(ids)} {what}" for what, ids in counts.items() if ids] or ["unchanged"]


__all__ = ["changes_of", "reach_of", "revision_told"]
