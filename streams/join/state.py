"""What the join remembers of a video: small and bounded by the number of its parts, never the parts themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import orjson
from pydantic import TypeAdapter

from processors.options import Options
from schemas.messages import ResultStatus, StageRun, Status
from streams.codec import to_wire

Kind = Literal["transcript", "vision", "metadata"]
STREAM_KINDS: Final[tuple[Literal["transcript", "vision"], ...]] = ("transcript", "vision")
# For one index the better status holds, whatever the order of arrival.
STATUS_RANK: Final[dict[str, int]] = {".": 0, "f": 1, "e": 2, "o": 3}
STATUS_LETTER: Final[dict[Status, str]] = {"failed": "f", "empty": "e", "ok": "o"}


@dataclass(slots=True)
class StreamState:
    """What has come of one stream of parts (words, or frames).

    `received` holds one letter per index: '.' nothing yet, 'f' failed, 'e' empty, 'o' ok.
    `ends` holds how far each part reaches on the timeline in ms, -1 where nothing came.
    """

    received: str = ""
    ends: list[int] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)  # index -> why it failed
    ended: str = "."  # letter of the end record
    expected: int | None = None  # items sent by the extractor, known with the end record
    end_error: str | None = None
    duration_ms: int | None = None
    warnings: list[str] = field(default_factory=list)

    def put(self, index: int, letter: str, end_ms: int, error: str | None) -> bool:
        """Note a part; returns whether it is better than what was there."""
        if index >= len(self.received):
            grow = index + 1 - len(self.received)
            self.received += "." * grow
            self.ends += [-1] * grow
        if STATUS_RANK[letter] <= STATUS_RANK[self.received[index]]:
            return False
        self.received = self.received[:index] + letter + self.received[index + 1 :]
        self.ends[index] = end_ms
        self.errors.pop(str(index), None)
        if error is not None:
            self.errors[str(index)] = error
        return True

    @property
    def complete(self) -> bool:
        """Whether the end is known and every part up to it is here."""
        return (
            self.ended != "."
            and self.expected is not None
            and len(self.received) >= self.expected
            and "." not in self.received[: self.expected]
        )

    @property
    def ok_indexes(self) -> list[int]:
        """Indexes of the parts that can be used."""
        return [index for index, letter in enumerate(self.received) if letter == "o"]

    def covers(self, until_ms: int) -> bool:
        """Whether all parts up to a time are here."""
        if self.complete:
            return True
        first_gap = self.received.find(".")
        prefix = len(self.received) if first_gap < 0 else first_gap
        return prefix > 0 and max(self.ends[:prefix]) >= until_ms


@dataclass(slots=True)
class JoinState:
    """The state of one video's join."""

    video_id: str
    generation: int
    options: Options
    fresh_from: str | None
    started_at_ms: int
    touched_at_ms: int
    revision: int = 0
    emitted: ResultStatus | None = None
    emitted_parts: str = ""  # letters of all parts at the last emission
    transcript: StreamState = field(default_factory=StreamState)
    vision: StreamState = field(default_factory=StreamState)
    metadata: str = "."  # letter
    metadata_error: str | None = None
    duration_ms: int | None = None
    runs: dict[str, StageRun] = field(default_factory=dict)

    def stream(self, kind: Kind) -> StreamState:
        """The stream state of a kind that is not metadata."""
        assert kind != "metadata"
        return self.transcript if kind == "transcript" else self.vision

    @property
    def open(self) -> bool:
        """Whether the join still waits for parts that should come."""
        return self.emitted in (None, "provisional")

    @property
    def letters(self) -> str:
        """All that has come, as one short text: equal letters mean equal parts."""
        streams = (f"{stream.received}{stream.ended}" for stream in (self.transcript, self.vision))
        return "|".join((self.metadata, *streams))

    def to_bytes(self) -> bytes:
        """As kept in the table."""
        return orjson.dumps(to_wire_state(self))

    @classmethod
    def from_bytes(cls, content: bytes) -> JoinState:
        """As read from the table."""
        return _ADAPTER.validate_json(content)


def to_wire_state(state: JoinState) -> object:
    """Plain dicts for JSON."""
    return {**_fields(state), "runs": {stage: to_wire(run) for stage, run in state.runs.items()}}


def _fields(state: JoinState) -> dict[str, object]:
    plain = to_wire(state)
    assert isinstance(plain, dict)
    return plain


_ADAPTER: TypeAdapter[JoinState] = TypeAdapter(JoinState)
