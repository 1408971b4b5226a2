"""A row of the join's table: one part of a video, or another thing that is kept once for it.

Rows of a video lie at `video_id|generation|kind|index`, the end record of a stream at index -1, what all parts share at
`video_id|generation|about|0`. A video_id starts with a letter or digit, so the states at `|video_id` are apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import orjson
from pydantic import TypeAdapter

from processors.domain import Sound
from processors.options import Options
from schemas.messages import END_INDEX
from streams.codec import to_wire
from streams.join.state import STREAM_KINDS, Kind, Sweep

STATE_PREFIX: Final = b"|"


@dataclass(frozen=True, slots=True)
class Row:
    """A kept part.

    `content` is the record as it came where it is used again (letter 'o'), the reason where it failed, JSON of an
    `Ending` for an end record, else empty.
    """

    letter: str
    end_ms: int  # how far the part reaches; -1 for those without a time
    after: int  # revision that was out when the row was put: the next one holds it for the first time
    stage: str  # who spent `took_ms` on it; empty where that is told by another row
    took_ms: int
    cached: bool
    content: bytes

    def to_bytes(self) -> bytes:
        """As kept in the table: a line of JSON, then the content."""
        head = [self.letter, self.end_ms, self.after, self.stage, self.took_ms, self.cached]
        return orjson.dumps(head) + b"\n" + self.content

    @classmethod
    def from_bytes(cls, raw: bytes) -> Row:
        """As read from the table."""
        head, _, content = raw.partition(b"\n")
        letter, end_ms, after, stage, took_ms, cached = orjson.loads(head)
        return cls(letter, end_ms, after, stage, took_ms, cached, content)


@dataclass(frozen=True, slots=True)
class Ending:
    """What an end record tells."""

    expected: int | None
    error: str | None
    duration_ms: int | None
    warnings: tuple[str, ...]
    sounds: tuple[Sound, ...] = ()

    def to_bytes(self) -> bytes:
        """As kept in a row."""
        return orjson.dumps(to_wire(self))

    @classmethod
    def from_bytes(cls, content: bytes) -> Ending:
        """As read from a row."""
        return _ENDING.validate_json(content)


@dataclass(frozen=True, slots=True)
class About:
    """What all parts of a generation share, kept once."""

    options: Options
    fresh_from: str | None
    started_at_ms: int

    def to_row(self) -> Row:
        """As kept."""
        return Row("o", -1, 0, "", 0, False, orjson.dumps(to_wire(self)))

    @classmethod
    def from_row(cls, row: Row) -> About:
        """As read."""
        return _ABOUT.validate_json(row.content)


Look = Callable[[str], Row | None]


def row_key(video_id: str, generation: int, kind: Kind, index: int) -> str:
    """Key of a part's row."""
    return f"{video_id}|{generation}|{kind}|{index}"


def about_key(video_id: str, generation: int) -> str:
    """Key of the row with what all parts share."""
    return f"{video_id}|{generation}|about|0"


def swept_keys(video_id: str, sweep: Sweep) -> Iterator[str]:
    """Every key that a generation's rows may have."""
    yield about_key(video_id, sweep.generation)
    yield row_key(video_id, sweep.generation, "metadata", 0)
    for kind, highest in zip(STREAM_KINDS, (sweep.transcript, sweep.vision, sweep.content), strict=True):
        for index in range(END_INDEX, highest + 1):
            yield row_key(video_id, sweep.generation, kind, index)


_ENDING: TypeAdapter[Ending] = TypeAdapter(Ending)
_ABOUT: TypeAdapter[About] = TypeAdapter(About)
