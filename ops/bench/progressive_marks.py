"""Up to which times early results of a video reach, found out by running the join: the rule stands there alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from processors.options import Options
from schemas.messages import Header
from streams.join.machine import Part, advance
from streams.join.row import Row
from streams.join.state import JoinState, Kind

# Parts come as evenly as words and pictures do, each half a percent of the video; of an hour a chunk has 0.8.
_PIECES: Final = 200
_VIDEO: Final = "v"


def marks_of(duration_ms: int) -> list[int]:
    """The times up to which the early results of a video reach when its parts come one after the other.

    Args:
        duration_ms: of the video, > 0.

    Returns:
        In milliseconds, in the order in which the results come; the last result, which is of the whole, is not in it.
    """
    rows: dict[str, Row] = {}
    state: JoinState | None = None
    found: list[int] = []
    for event in _parts(duration_ms):
        step = advance(state, event, 0, rows.get)
        rows.update(step.rows)
        state = step.state
        assert state is not None
        if state.intent is not None:
            emit, state.intent = state.intent.emit, None
            if emit is not None and emit.completeness == "provisional" and emit.until_ms is not None:
                found.append(emit.until_ms)
    return found


def _parts(duration_ms: int) -> Iterator[Part]:
    """Metadata, then words and pictures in turn; no end records, since the last result is not asked for."""
    yield _part("metadata", "metadata", 0, -1, duration_ms)
    for number in range(_PIECES):
        end_ms = duration_ms * (number + 1) // _PIECES
        yield _part("transcript", "transcriber", number, end_ms)
        yield _part("vision", "vision", number, end_ms)


def _part(kind: Kind, stage: str, index: int, end_ms: int, duration_ms: int | None = None) -> Part:
    header = Header(_VIDEO, 0, stage, index, "ok", None, 1, Options(), None, 0, False)
    return Part(kind, header, b"", end_ms, duration_ms=duration_ms, usable=True)


__all__ = ["marks_of"]
