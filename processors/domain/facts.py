"""What a file holds, and how many items an extractor may make of it and has made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

from annotated_types import Interval

from processors.domain.sound import Sound

# Items of one stream of a video: a day of one-second chunks is 86,400. A record with a higher number is refused when it
# is read, since a reader's memory would follow it.
MAX_ITEMS: Final = 100_000
Count = Annotated[int, Interval(ge=0, le=MAX_ITEMS)]
MAX_BATCH_FRAMES: Final = 50
FrameCount = Annotated[int, Interval(ge=0, le=MAX_ITEMS * MAX_BATCH_FRAMES)]


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """One stream of the container."""

    index: int
    kind: str  # "video", "audio", "subtitle", "data"
    codec: str
    start_ms: int
    duration_ms: int | None
    used: bool  # whether this is the stream that the stages read
    language: str | None
    width: int | None  # as displayed, after rotation
    height: int | None
    rotation: int | None  # degrees clockwise: 0, 90, 180, 270
    frame_rate: float | None  # average, frames per second
    sample_rate: int | None
    channels: int | None


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What the container says, and what was accepted of the request."""

    container: str  # ffmpeg's format name: "mov,mp4,m4a,3gp,3g2,mj2"
    duration_ms: int
    size_bytes: int
    title: str  # container's title, else the request's, else the file name
    source_digest: str  # SHA-256 of the file, hex
    streams: list[StreamFacts]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class ExtractionEnd:
    """The end record of an extractor."""

    item_count: Count | None  # None: the extractor failed on the way
    emitted: Count  # items sent before the end, equal to item_count unless that is None
    duration_ms: int | None  # of the stream as decoded
    warnings: list[str]  # what was wrong with the stream although it was read to its end
    sounds: list[Sound] = field(default_factory=list)  # what is between the chunks of speech: music, noise
