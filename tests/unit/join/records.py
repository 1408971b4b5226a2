"""Real records of the joined topics, in the short notation of the cases in `streams/join/machine.py`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from processors.domain import (
    BatchAnalysis,
    ChunkContent,
    ChunkTranscript,
    ExtractionEnd,
    SentenceFacts,
    Shot,
    Sound,
    Utterance,
    VideoFacts,
    Word,
)
from processors.options import Options
from schemas.messages import (
    END_INDEX,
    ContentResultMessage,
    Header,
    JoinTimer,
    TranscriptMessage,
    VideoMetadataMessage,
    VisionResultMessage,
)
from streams import codec, topics

VIDEO = "v"
DURATION_MS = 100_000
SOUNDS = [Sound(100, 2_100, "music", 0.9), Sound(2_500, 4_000, "applause", 0.8)]
PART_MS = 10_000
FAR_MS = 10**15  # later than any part
LETTERS = {"": "ok", "!": "failed", "-": "empty", "~": "ok"}
TIMES = {
    "deadline": ("deadline", 0),
    "expiry": ("expiry", 0),
    "forget": ("expiry", topics.KEPT_INPUT_MS),
    "cancel": ("cancel", 0),
    "erase": ("erase", 0),
}
_TOKEN = re.compile(
    r"(?:(?P<time>deadline|expiry|forget|cancel|erase)|(?P<kind>[MTVC])(?P<end>/)?(?P<number>\d*)(?P<how>[!~-]?))(?P<next>'?)"
)


@dataclass(frozen=True)
class Raw:
    """A Kafka record."""

    topic: str
    value: bytes
    partition: int
    offset: int = 0
    key: bytes = VIDEO.encode()
    headers: tuple[tuple[str, bytes], ...] = ()


def records(text: str, video: str = VIDEO, now_ms: int = 0) -> list[Raw]:
    """The records that a case's words stand for."""
    return [record(word, video, now_ms) for word in text.split()]


def with_content(text: str) -> list[str]:
    """The words of a case: where it has no content, that of each part of the transcript comes right behind it."""
    words = text.split()
    if any(word[0] == "C" for word in words):
        return words
    return [one for word in words for one in ([word, "C" + word[1:]] if word[0] == "T" else [word])]


def record(word: str, video: str = VIDEO, now_ms: int = 0, duration_ms: int = DURATION_MS) -> Raw:
    """The record that a word stands for. `now_ms`: what the time is that is over; `duration_ms`: of the video."""
    found = _TOKEN.fullmatch(word)
    assert found is not None, word
    generation = int(bool(found["next"]))
    if found["time"]:
        kind, later_ms = TIMES[found["time"]]
        timer = JoinTimer(video, generation, kind, now_ms + 1 + later_ms, "nothing came")  # type: ignore[arg-type]
        return raw(topics.JOIN_TIMER, timer, video)
    number, status = int(found["number"] or 0), LETTERS[found["how"]]
    name = "the file" if found["kind"] == "M" or found["end"] else f"{found['kind']}{number}"
    error = f"{name} is broken" if status == "failed" else None
    if found["kind"] == "M":
        return raw(topics.VIDEO_METADATA, metadata(video, generation, status, error, duration_ms), video)
    index = END_INDEX if found["end"] else number
    stage = {"T": "transcriber", "V": "vision", "C": "content"}[found["kind"]]
    header = Header(video, generation, stage, index, status, error, 1, Options(), None, 3, False)  # type: ignore[arg-type]
    end = None
    if found["end"]:
        warnings = ["ends early"] if found["how"] == "~" else []
        sounds = SOUNDS if found["kind"] in "TC" and not error else []  # it is passed on
        end = ExtractionEnd(None if error else number, number, None if error else DURATION_MS, warnings, sounds)
    if found["kind"] == "T":
        item = transcript(number) if end is None and status == "ok" else None
        return raw(topics.TRANSCRIPT, TranscriptMessage(header, item, end), video)
    if found["kind"] == "C":
        understood = content(number) if end is None and status == "ok" else None
        return raw(topics.CONTENT_RESULT, ContentResultMessage(header, understood, end), video)
    batch = analysis(number) if end is None and status == "ok" else None
    return raw(topics.VISION_RESULT, VisionResultMessage(header, batch, end), video)


def metadata(
    video: str, generation: int, status: str, error: str | None, duration_ms: int = DURATION_MS
) -> VideoMetadataMessage:
    header = Header(video, generation, "metadata", 0, status, error, 1, Options(), None, 3, False)  # type: ignore[arg-type]
    facts = VideoFacts("mov,mp4", duration_ms, 1_000, "A video", "0" * 64, [], []) if status == "ok" else None
    return VideoMetadataMessage(header, facts)


def transcript(index: int) -> ChunkTranscript:
    start, end = index * PART_MS, (index + 1) * PART_MS
    said = Utterance(start, end, f"word {index}", "en", [Word(start, end, f"word{index}", 0.5)], -0.3, 0.1, None)
    return ChunkTranscript(start, end, PART_MS, "en", 0.9, [said], [], "base")


def content(index: int) -> ChunkContent:
    start, end = index * PART_MS, (index + 1) * PART_MS
    return ChunkContent(start, end, [SentenceFacts(start, end, f"word {index}", "en", "fwE=", 0.1, "other", 0.9)])


def analysis(index: int) -> BatchAnalysis:
    return BatchAnalysis([], [Shot(index, index * PART_MS, (index + 1) * PART_MS)], 0.0)


def raw(spec: topics.TopicSpec[Any], message: Any, video: str = VIDEO) -> Raw:
    partition = topics.video_partition(video, spec.partitions)
    return Raw(spec.name, codec.encode(spec, message), partition, key=video.encode())
