"""From records to parts and back: what the machine needs to know of a record, and the blob that a segmenter reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from processors.domain import Sound
from processors.errors import InvalidMessage
from processors.options import Options
from processors.segments.parts import Parts
from schemas.messages import (
    END_INDEX,
    ContentResultMessage,
    JoinTimer,
    TranscriptMessage,
    VideoMetadataMessage,
    VisionResultMessage,
)
from streams import codec, topics
from streams.join.machine import Part, Timer
from streams.join.state import StreamKind
from streams.topics import TopicSpec

PART_TOPICS: Final = (topics.TRANSCRIPT, topics.VISION_RESULT, topics.CONTENT_RESULT, topics.VIDEO_METADATA)
JOINED_TOPICS: Final = (*PART_TOPICS, topics.JOIN_TIMER)
_KINDS: Final[dict[type[Any], StreamKind]] = {
    TranscriptMessage: "transcript",
    VisionResultMessage: "vision",
    ContentResultMessage: "content",
}


def event_of(spec: TopicSpec[Any], raw: bytes | None) -> Part | Timer:
    """Decode a record of a joined topic.

    Raises:
        InvalidMessage: not a record of that topic, or one that cannot be of its stage.
        Fatal: written by a newer build.
    """
    message = codec.decode(spec, raw)
    assert raw is not None
    if isinstance(message, JoinTimer):
        return Timer(message.video_id, message.generation, message.reason, message.due_at_ms, message.kind)
    if isinstance(message, VideoMetadataMessage):
        if message.header.index != 0:
            raise InvalidMessage(f"Metadata with the index {message.header.index}; there is one record a video.")
        duration = message.item.duration_ms if message.item else None
        return Part("metadata", message.header, raw, -1, duration_ms=duration, usable=message.item is not None)
    kind = _KINDS[type(message)]
    end = message.end
    if message.header.is_end != (end is not None):
        raise InvalidMessage(f"The index {END_INDEX} is that of the end record, and only of it.")
    if kind == "content" and end is not None:
        # the end record of the transcript once more: what it says beside the number of parts is known from there
        end = replace(end, duration_ms=None, warnings=[], sounds=[])
    return Part(
        kind,
        message.header,
        raw,
        _reach(message),
        expected=end.emitted if end else None,
        duration_ms=end.duration_ms if end else None,
        warnings=tuple(end.warnings) if end else (),
        sounds=tuple(end.sounds) if end else (),
        usable=message.item is not None,
    )


def assemble(
    video_id: str,
    options: Options,
    audio_duration_ms: int | None,
    sounds: Sequence[Sound],
    rows: Sequence[tuple[str, bytes]],
) -> bytes:
    """The parts blob of an emission.

    Args:
        video_id: the video.
        options: as requested.
        audio_duration_ms: of the decoded sound track, when known.
        sounds: between the chunks of speech, when known.
        rows: (kind, record) of each part to include, any order.

    Returns:
        JSON of `processors.segments.parts.Parts`, canonical.
    """
    facts, transcripts, batches, contents = None, [], [], []
    for kind, raw in rows:
        if kind == "metadata":
            facts = codec.decode(topics.VIDEO_METADATA, raw).item
        elif kind == "transcript":
            spoken = codec.decode(topics.TRANSCRIPT, raw).item
            if spoken is not None:
                transcripts.append(spoken)
        elif kind == "content":
            understood = codec.decode(topics.CONTENT_RESULT, raw).item
            if understood is not None:
                contents.append(understood)
        else:
            seen = codec.decode(topics.VISION_RESULT, raw).item
            if seen is not None:
                batches.append(seen)
    parts = Parts(video_id, options, facts, transcripts, batches, audio_duration_ms, list(sounds), contents)
    return parts.to_json()


def _reach(message: TranscriptMessage | VisionResultMessage | ContentResultMessage) -> int:
    if message.item is None:
        return -1
    if not isinstance(message, VisionResultMessage):
        assert message.item is not None
        return message.item.end_ms
    times = [frame.pts_ms for frame in message.item.frames] + [shot.end_ms for shot in message.item.shots]
    return max(times, default=-1)
