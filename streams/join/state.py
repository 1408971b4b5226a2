"""What the join remembers of a video beside its rows: some numbers, of one size whatever the number of parts.

The rows are the truth about parts; the numbers here can all be found again from them. So an event writes its own row
and this small record, and the changelog of a video is linear in its parts.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any, Final, Literal

import orjson
from pydantic import TypeAdapter

from schemas.messages import ResultStatus, Status
from streams.codec import to_wire

StreamKind = Literal["transcript", "vision", "content"]
Kind = Literal["transcript", "vision", "content", "metadata"]
STREAM_KINDS: Final[tuple[StreamKind, ...]] = ("transcript", "vision", "content")
# What a result cannot be made without; all that content tells the segmenter can find out from the words.
NEEDED: Final[tuple[StreamKind, ...]] = ("transcript", "vision")
NOTHING: Final = "."
# For one index the better status holds, whatever the order of arrival.
STATUS_RANK: Final[dict[str, int]] = {NOTHING: 0, "f": 1, "e": 2, "o": 3}
STATUS_LETTER: Final[dict[Status, str]] = {"failed": "f", "empty": "e", "ok": "o"}


@dataclass(slots=True)
class StreamState:
    """How far one stream of parts (words, frames, or what is understood of words) has come."""

    prefix: int = 0  # every part below this index is here
    reach_ms: int = -1  # how far those parts reach on the timeline; -1 when none has a time
    highest: int = -1  # highest index that came
    heard: bool = False  # a part carries words or frames
    ended: str = NOTHING  # letter of the end record
    expected: int | None = None  # parts that the extractor sent, known with the end record

    @property
    def complete(self) -> bool:
        """Whether the end is known and every part up to it is here."""
        return self.ended != NOTHING and self.expected is not None and self.prefix >= self.expected

    def covers(self, until_ms: int) -> bool:
        """Whether all parts up to a time are here."""
        return self.complete or self.reach_ms >= until_ms


@dataclass(frozen=True, slots=True)
class Emit:
    """Publish a `VideoJoined` with all usable parts that have rows."""

    completeness: ResultStatus
    until_ms: int | None
    missing: tuple[str, ...]
    error: str | None


@dataclass(frozen=True, slots=True)
class Sweep:
    """Delete the rows of a generation, whose highest indexes are these."""

    generation: int
    transcript: int
    vision: int
    content: int = -1


@dataclass(frozen=True, slots=True)
class Intent:
    """What an event decided and is not through with. Kept before it is begun, so a crash changes nothing of it."""

    emit: Emit | None
    sweeps: tuple[Sweep, ...] = ()


@dataclass(slots=True)
class JoinState:
    """The state of one video's join."""

    video_id: str
    generation: int
    touched_at_ms: int  # when the last part came that told something new
    revision: int = 0
    emitted: ResultStatus | None = None
    told: int = 0  # a number for what that told beside its parts
    expired: bool = False  # late parts are no longer taken, their rows are gone
    metadata: str = NOTHING  # letter
    duration_ms: int | None = None  # of the video, by its metadata
    transcript: StreamState = field(default_factory=StreamState)
    vision: StreamState = field(default_factory=StreamState)
    content: StreamState = field(default_factory=StreamState)
    shown_ms: int = 0  # how far the newest provisional result reaches
    intent: Intent | None = None

    def stream(self, kind: Kind) -> StreamState:
        """The stream state of a kind that is not metadata."""
        assert kind != "metadata"
        stream: StreamState = getattr(self, kind)
        return stream

    @property
    def open(self) -> bool:
        """Whether the join still waits for parts that should come."""
        return self.emitted in (None, "provisional")

    @property
    def done(self) -> bool:
        """Whether nothing can come any more: only the marker is kept, no rows."""
        return self.expired or self.emitted in ("final", "cancelled")

    @property
    def sweep(self) -> Sweep:
        """The rows of this generation."""
        return Sweep(self.generation, *(self.stream(kind).highest for kind in STREAM_KINDS))

    def to_bytes(self) -> bytes:
        """As kept in the table, under the video's id; what has its default is left out."""
        return orjson.dumps({name: value for name, value in _sparse(self).items() if name != "video_id"})

    @classmethod
    def from_bytes(cls, video_id: str, content: bytes) -> JoinState:
        """As read from the table."""
        return _ADAPTER.validate_python({"video_id": video_id, **orjson.loads(content)})


def _sparse(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in fields(value):
        held = getattr(value, one.name)
        default = one.default_factory() if one.default_factory is not MISSING else one.default
        if held != default:
            found[one.name] = _sparse(held) if is_dataclass(held) else to_wire(held)
    return found


_ADAPTER: TypeAdapter[JoinState] = TypeAdapter(JoinState)
