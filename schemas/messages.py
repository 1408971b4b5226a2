"""The messages on the topics, as plain dataclasses with the shape of the Avro schemas beside this file.

`Message` subclasses carry one `Header`, and either an item or the end record of their stream. `schemas/*.avsc` is the
single source of the wire format; `tests/unit/test_schemas.py` fails when a class and its schema differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Final, Literal

from annotated_types import Interval
from pydantic import StringConstraints

from processors.domain import (
    MAX_ITEMS,
    AudioChunk,
    BatchAnalysis,
    Changes,
    ChunkContent,
    ChunkTranscript,
    ExtractionEnd,
    FrameBatch,
    Segment,
    VideoFacts,
)
from processors.options import Options

Status = Literal["ok", "empty", "failed"]
ResultStatus = Literal["provisional", "final", "degraded", "failed", "cancelled"]
END_INDEX = -1
# What stages derive from a request is checked when it is read: these name rows, files and partitions.
VIDEO_ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
VideoId = Annotated[str, StringConstraints(pattern=VIDEO_ID_PATTERN)]
Index = Annotated[int, Interval(ge=END_INDEX, lt=MAX_ITEMS)]
MAX_GENERATION: Final = 1_000_000
Generation = Annotated[int, Interval(ge=0, le=MAX_GENERATION)]


@dataclass(frozen=True, slots=True)
class VideoIngested:
    """A request to process a video; also accepted as plain JSON."""

    uri: str
    video_id: str | None = None
    source_digest: str | None = None  # SHA-256 of the source, when the producer knows it
    options: Options = field(default_factory=Options)
    priority: int = 0
    generation: int = 0
    replay_from: str | None = None  # stage from which a replay means to compute anew
    fresh: bool = False  # skip the result cache from `replay_from` on
    submitted_at_ms: int | None = None
    batch_id: str | None = None  # of a batch that the gateway took
    body_digest: str | None = None  # SHA-256 of what the gateway was asked, to tell a repeat from another request
    idempotency: str | None = None  # digest of the caller and its Idempotency-Key


@dataclass(frozen=True, slots=True)
class Header:
    """Identity of a derived record: (video_id, generation, stage, index) is unique and deterministic."""

    video_id: VideoId
    generation: Generation
    stage: str
    index: Index  # -1 for the end record
    status: Status
    error: str | None
    attempt: int
    options: Options
    fresh_from: str | None  # stage from which the result cache is skipped
    took_ms: int  # compute time of this record, of an end record that of the whole stage; not canonical
    cached: bool  # answered by the result cache; not canonical

    @property
    def is_end(self) -> bool:
        """Whether this is the end record of its stream."""
        return self.index == END_INDEX

    def passed_on(self, stage: str) -> Header:
        """The same record as written by the next stage, which had nothing to compute.

        Times stay, so that the join learns from an end record what its extractor spent.
        """
        return replace(self, stage=stage)


@dataclass(frozen=True, slots=True)
class AudioChunkMessage:
    """`audio-chunk`."""

    header: Header
    item: AudioChunk | None
    end: ExtractionEnd | None


@dataclass(frozen=True, slots=True)
class FrameBatchMessage:
    """`frame-batch`."""

    header: Header
    item: FrameBatch | None
    end: ExtractionEnd | None


@dataclass(frozen=True, slots=True)
class TranscriptMessage:
    """`transcript`."""

    header: Header
    item: ChunkTranscript | None
    end: ExtractionEnd | None


@dataclass(frozen=True, slots=True)
class VisionResultMessage:
    """`vision-result`."""

    header: Header
    item: BatchAnalysis | None
    end: ExtractionEnd | None


@dataclass(frozen=True, slots=True)
class ContentResultMessage:
    """`content-result`."""

    header: Header
    item: ChunkContent | None
    end: ExtractionEnd | None


@dataclass(frozen=True, slots=True)
class VideoMetadataMessage:
    """`video-metadata`; one record a video, index 0, `item` is null when the video cannot be opened."""

    header: Header
    item: VideoFacts | None


@dataclass(frozen=True, slots=True)
class StageRun:
    """What one stage spent on a video; not part of the canonical result."""

    stage: str
    took_ms: int  # summed over its records
    records: int
    cached: int  # records answered by the result cache


@dataclass(frozen=True, slots=True)
class VideoJoined:
    """`video-joined`: the parts of a video are complete enough for a revision of its result."""

    video_id: VideoId
    generation: Generation
    revision: Generation  # grows with each record of one generation, from 1
    completeness: ResultStatus
    parts_uri: str | None  # blob with the parts; null when there are none
    until_ms: int | None  # provisional: the parts are complete up to here
    missing: list[str]  # what is not there, for people
    error: str | None
    options: Options
    fresh_from: str | None
    started_at_ms: int  # when the first part arrived
    stages: list[StageRun]


@dataclass(frozen=True, slots=True)
class Run:
    """How a result was made; not part of the canonical result."""

    stages: list[StageRun]
    models: list[str]
    cost_usd: float
    started_at_ms: int
    finished_at_ms: int
    costs_usd: dict[str, float] = field(default_factory=dict)  # stage -> its part of the cost, of stages that cost


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What the look at the best segments goes by; of results to which an enriched one is to come."""

    options: Options
    fresh_from: str | None = None


@dataclass(frozen=True, slots=True)
class Segments:
    """`segments`: the result of a video. Readers keep the highest (generation, revision, enriched)."""

    video_id: VideoId
    generation: Generation
    revision: Generation
    enriched: bool
    status: ResultStatus
    error: str | None
    duration_ms: int
    title: str
    languages: list[str]
    confidence: float
    segments: list[Segment]
    missing: list[str]
    request_digest: str | None
    document_uri: str | None
    run: Run
    second_look: SecondLook | None = None  # null where no second look is to come, and when it is through
    suggestions: list[str] = field(default_factory=list)  # what would make all of it better, for people
    changes: Changes | None = None  # against what was published before; not part of the canonical result
    until_ms: int | None = None  # provisional: it knows the video up to here; not part of the canonical result

    @property
    def order(self) -> tuple[int, int, bool]:
        """Sort key: of two results of a video, the one with the higher order holds."""
        return (self.generation, self.revision, self.enriched)


@dataclass(frozen=True, slots=True)
class JoinTimer:
    """`join-timer`: something is due about a join that no part brings."""

    video_id: VideoId
    generation: Generation
    kind: Literal["deadline", "expiry", "cancel", "erase"]
    due_at_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """`progress`: one step of one stage."""

    video_id: VideoId
    generation: Generation
    stage: str
    index: Index  # of the item; -1 when the stage is through with the video
    done: int  # items of this stage so far where it counts them, else 1
    total: int | None
    position_ms: int | None  # how far in the video this step reached
    status: str  # "running", "ok", "failed"
    note: str | None
    at_ms: int
    also: list[int] = field(default_factory=list)  # other items that are through, told with this one


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`dead-letter`: a message that a stage gave up on, with all that is needed to send it again."""

    stage: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    video_id: str | None
    error_class: str
    reason: str
    trace: str
    attempts: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Control:
    """`control`: the newest order about a video."""

    video_id: VideoId
    action: Literal["cancel", "erase"]
    at_ms: int
    generation: Generation = 0  # and those before it


ItemMessage = AudioChunkMessage | FrameBatchMessage | TranscriptMessage | VisionResultMessage
PartMessage = TranscriptMessage | VisionResultMessage | ContentResultMessage | VideoMetadataMessage
