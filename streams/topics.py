"""The one catalogue of topics: name, key, value, partitions, retention. Nothing else spells a topic's name."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from aiokafka.partitioner import murmur2

from schemas.messages import (
    END_INDEX,
    AudioChunkMessage,
    ContentResultMessage,
    Control,
    DeadLetter,
    FrameBatchMessage,
    JoinTimer,
    Progress,
    Segments,
    TranscriptMessage,
    VideoIngested,
    VideoJoined,
    VideoMetadataMessage,
    VisionResultMessage,
)

M = TypeVar("M")

DAY_MS: Final = 86_400_000
KEPT_INPUT_MS: Final = 30 * DAY_MS  # what a replay needs: a month of requests and results of stages
KEPT_ITEM_MS: Final = 7 * DAY_MS  # items point at blobs that a replay can make again
KEPT_SIGNAL_MS: Final = DAY_MS

LAST_INDEX: Final = 2**31

# Fixed for life: tables and the order per video depend on it. 8 lets a stage without tables grow to 8 workers.
VIDEO_PARTITIONS: Final = 8
# Items of one video spread over all of them; larger in production (48).
ITEM_PARTITIONS: Final = 16


@dataclass(frozen=True)
class TopicSpec(Generic[M]):
    """A topic: what is on it and how long it is kept.

    Attributes:
        name: name without the settings' prefix.
        value: message class.
        partitions: number of partitions at creation.
        retention_ms: how long records are kept; None for a compacted topic.
        keyed_by_video: the key is the video_id and the partition follows from it by our own function.
        lane_of: name of the topic whose urgent records lie on this one; its schema is that one's.
    """

    name: str
    value: type[M]
    partitions: int
    retention_ms: int | None
    keyed_by_video: bool = True
    lane_of: str | None = None

    @property
    def schema(self) -> str:
        """Name of the schema of its records."""
        return self.lane_of or self.name


VIDEO_INGESTED: Final = TopicSpec(
    "video-ingested", VideoIngested, VIDEO_PARTITIONS, KEPT_INPUT_MS, keyed_by_video=False
)
AUDIO_CHUNK: Final = TopicSpec("audio-chunk", AudioChunkMessage, ITEM_PARTITIONS, KEPT_ITEM_MS, keyed_by_video=False)
FRAME_BATCH: Final = TopicSpec("frame-batch", FrameBatchMessage, ITEM_PARTITIONS, KEPT_ITEM_MS, keyed_by_video=False)
# Urgent items on topics of their own: a consumer reads a topic in order, so they would wait behind all that lies before
# them. What comes of items is small and passes at once; there a level counts among what a worker has read.
AUDIO_CHUNK_HIGH: Final = replace(AUDIO_CHUNK, name="audio-chunk-high", lane_of=AUDIO_CHUNK.name)
FRAME_BATCH_HIGH: Final = replace(FRAME_BATCH, name="frame-batch-high", lane_of=FRAME_BATCH.name)
TRANSCRIPT: Final = TopicSpec("transcript", TranscriptMessage, VIDEO_PARTITIONS, KEPT_INPUT_MS)
VISION_RESULT: Final = TopicSpec("vision-result", VisionResultMessage, VIDEO_PARTITIONS, KEPT_INPUT_MS)
CONTENT_RESULT: Final = TopicSpec("content-result", ContentResultMessage, VIDEO_PARTITIONS, KEPT_INPUT_MS)
VIDEO_METADATA: Final = TopicSpec("video-metadata", VideoMetadataMessage, VIDEO_PARTITIONS, KEPT_INPUT_MS)
VIDEO_JOINED: Final = TopicSpec("video-joined", VideoJoined, VIDEO_PARTITIONS, KEPT_INPUT_MS)
SEGMENTS: Final = TopicSpec("segments", Segments, VIDEO_PARTITIONS, None)
JOIN_TIMER: Final = TopicSpec("join-timer", JoinTimer, VIDEO_PARTITIONS, KEPT_SIGNAL_MS)
PROGRESS: Final = TopicSpec("progress", Progress, VIDEO_PARTITIONS, KEPT_SIGNAL_MS)
CONTROL: Final = TopicSpec("control", Control, 1, None)
DEAD_LETTER: Final = TopicSpec("dead-letter", DeadLetter, VIDEO_PARTITIONS, KEPT_INPUT_MS, keyed_by_video=False)

ALL: Final[tuple[TopicSpec[object], ...]] = (
    VIDEO_INGESTED,
    AUDIO_CHUNK,
    FRAME_BATCH,
    AUDIO_CHUNK_HIGH,
    FRAME_BATCH_HIGH,
    TRANSCRIPT,
    VISION_RESULT,
    CONTENT_RESULT,
    VIDEO_METADATA,
    VIDEO_JOINED,
    SEGMENTS,
    JOIN_TIMER,
    PROGRESS,
    CONTROL,
    DEAD_LETTER,
)  # type: ignore[assignment]  # TopicSpec is invariant in its value; a list of all is only read
BY_NAME: Final = {spec.name: spec for spec in ALL}
WITH_SCHEMA: Final = tuple(spec for spec in ALL if spec.lane_of is None)  # lanes have that of another topic


def lanes(spec: TopicSpec[M]) -> tuple[TopicSpec[M], ...]:
    """A topic and those with its urgent records, which are to be read together."""
    return (spec, *(other for other in ALL if other.lane_of == spec.name))  # type: ignore[arg-type]


def lane(spec: TopicSpec[M], level: int) -> TopicSpec[M]:
    """The topic for a record of a level: above the usual one its urgent lane, where there is one."""
    return lanes(spec)[-1] if level > 0 else spec


def video_partition(video_id: str, partitions: int) -> int:
    """Partition of a record keyed by video: Kafka's murmur2, as every standard client computes it."""
    return int(murmur2(video_id.encode()) & 0x7FFFFFFF) % partitions


def item_partition(video_id: str, index: int, partitions: int) -> int:
    """Partition of an item: one video's items go round all partitions, the same way on every run."""
    return (zlib.crc32(video_id.encode()) + index) % partitions


def index_of(key: bytes | None) -> int:
    """The index in an item's key; 0 for other keys. End records (-1) come last: they have nothing to compute."""
    _, separator, index = (key or b"").rpartition(b":")
    if not separator or not index.isdigit():
        return LAST_INDEX if separator and index == b"-1" else 0
    return int(index)


def item_key(video_id: str, index: int) -> bytes:
    """Key of an item record; the end record has index -1."""
    assert index >= END_INDEX
    return f"{video_id}:{index}".encode()
