"""What the join takes and what it makes of it; see `streams.join.machine`."""

from __future__ import annotations

from dataclasses import dataclass

from processors.domain import Sound
from schemas.messages import Header
from streams.join.row import Row
from streams.join.state import JoinState, Kind


@dataclass(frozen=True, slots=True)
class Part:
    """A record of one of the joined topics."""

    kind: Kind
    header: Header
    content: bytes  # the record as it came, kept in the row
    end_ms: int  # how far it reaches; -1 for records without a time
    expected: int | None = None  # end records: items that were sent
    duration_ms: int | None = None  # of the end record's stream, or of the whole video by its metadata
    warnings: tuple[str, ...] = ()
    sounds: tuple[Sound, ...] = ()
    usable: bool = False  # carries words or frames


@dataclass(frozen=True, slots=True)
class Timer:
    """A time that was found to be over.

    `deadline`: nothing new came for too long. `expiry`: late parts are no longer waited for, or the marker of a join
    that is done can go. `cancel`: the user wants nothing more of this generation. `erase`: and nothing kept of it.
    """

    video_id: str
    generation: int
    reason: str
    due_at_ms: int
    kind: str = "deadline"


@dataclass(frozen=True, slots=True)
class Step:
    """What an event leads to: rows to keep, then the state, then what its intent says.

    Attributes:
        state: the new state; None when there is nothing to remember (any more).
        rows: to keep before the state.
        stray: keys of rows that nothing needs, should a crash have left them.
    """

    state: JoinState | None
    rows: tuple[tuple[str, Row], ...] = ()
    stray: tuple[str, ...] = ()


__all__ = ["Part", "Step", "Timer"]
