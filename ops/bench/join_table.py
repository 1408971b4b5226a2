"""What a join costs by the number of its parts: changelog bytes, time per event, memory. No broker, no disk.

`python -m ops.bench.join_table [PARTS ...]` runs the joiner's own runner over a table in memory that counts. A part is
what 29 s of speech (70 words), one batch of frames, or what is understood of those words (5 sentences) take; a third of
the parts are of each kind, in the order of the video. Times are of the processor.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

from processors.domain import (
    BatchAnalysis,
    ChunkContent,
    ChunkTranscript,
    ExtractionEnd,
    FrameAnalysis,
    SentenceFacts,
    Shot,
    Utterance,
    VideoFacts,
    Word,
)
from processors.options import Options
from schemas.messages import (
    END_INDEX,
    ContentResultMessage,
    Header,
    TranscriptMessage,
    VideoMetadataMessage,
    VisionResultMessage,
)
from streams import codec, topics
from streams.clock import SYSTEM_CLOCK
from streams.join.row import STATE_PREFIX
from streams.join.rows import Rows
from streams.join.runner import JoinRunner
from streams.join.state import STREAM_KINDS, StreamKind
from streams.settings import Settings

PARTS: Final = (10, 100, 1_000, 10_000)
_PART_MS: Final = 29_000
_WORDS: Final = 70
_SENTENCES: Final = 5
_VIDEO: Final = "video"


@dataclass
class Counted:
    """A table, a publisher and a blob store in memory; the table counts what it would send to its changelog."""

    rows: dict[bytes, bytes] = field(default_factory=dict)
    row_bytes: int = 0
    state_bytes: int = 0
    deleted_bytes: int = 0
    emitted: list[str] = field(default_factory=list)

    def get(self, key: bytes) -> bytes | None:
        """See `Table`."""
        return self.rows.get(key)

    async def write(self, partition: int, changes: Sequence[tuple[bytes, bytes | None]]) -> None:
        """See `Table`."""
        for key, content in changes:
            if content is None:
                self.deleted_bytes += len(key)
                self.rows.pop(key, None)
                continue
            self.rows[key] = content
            if key.startswith(STATE_PREFIX):
                self.state_bytes += len(key) + len(content)
            else:
                self.row_bytes += len(key) + len(content)

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        """See `Table`."""
        return iter(())

    async def video(self, spec: Any, video_id: str, message: Any) -> None:
        """As the publisher."""
        self.emitted.append(message.completeness)

    async def progress(self, header: Header, **_: Any) -> None:
        """As the publisher."""

    def put(self, content: bytes) -> str:
        """As the blob store."""
        return f"blob:{hashlib.sha256(content).hexdigest()}"


def measure(parts: int) -> dict[str, Any]:
    """Run one video of so many parts.

    Args:
        parts: transcripts, batches and content together, >= 3.
    """
    counted = Counted()
    settings = Settings()
    runner = JoinRunner(Rows(counted), counted, counted, settings, SYSTEM_CLOCK)  # type: ignore[arg-type]
    each = parts // len(STREAM_KINDS)
    tenth_s: list[float] = []

    async def run() -> None:
        await runner.take(_metadata(parts))
        started = time.process_time()
        for index in range(each):
            for kind in STREAM_KINDS:
                await runner.take(_part(kind, index))
            if (index + 1) % max(1, each // 10) == 0:
                tenth_s.append(time.process_time() - started)
                started = time.process_time()
        await runner.take(_end("transcript", each))
        await runner.take(_end("content", each))
        started = time.process_time()
        await runner.take(_end("vision", each))
        tenth_s.append(time.process_time() - started)

    asyncio.run(run())
    assert counted.emitted[-1] == "final", counted.emitted
    per_tenth = max(1, each // 10) * len(STREAM_KINDS)
    return {
        "parts": parts,
        "changelog_bytes": counted.row_bytes + counted.state_bytes + counted.deleted_bytes,
        "of_rows": counted.row_bytes,
        "of_states": counted.state_bytes,
        "of_deletions": counted.deleted_bytes,
        "bytes_beside_rows_per_part": round((counted.state_bytes + counted.deleted_bytes) / parts),
        "event_cpu_us_first_tenth": round(tenth_s[0] / per_tenth * 1e6),
        "event_cpu_us_last_tenth": round(tenth_s[-2] / per_tenth * 1e6),
        "last_event_cpu_ms": round(tenth_s[-1] * 1e3, 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _header(stage: str, index: int) -> Header:
    return Header(_VIDEO, 0, stage, index, "ok", None, 1, Options(), None, 400, False)


def _metadata(parts: int) -> Any:
    facts = VideoFacts("mov,mp4", parts // len(STREAM_KINDS) * _PART_MS, 10**9, "A long talk", "0" * 64, [], [])
    return _raw(topics.VIDEO_METADATA, VideoMetadataMessage(_header("metadata", 0), facts))


def _part(kind: StreamKind, index: int) -> Any:
    start, end = index * _PART_MS, (index + 1) * _PART_MS
    if kind == "vision":
        frame = FrameAnalysis(
            f"blob:{index:064x}", start, index, [], ["a title"], [], "people", 0.5, 80.0, 0.4, 0.3, 0.1, "local", "v1"
        )
        batch = BatchAnalysis([frame], [Shot(index, start, end)], 0.0)
        return _raw(topics.VISION_RESULT, VisionResultMessage(_header("vision", index), batch, None))
    if kind == "content":
        text = " ".join(f"word{n}" for n in range(_WORDS // _SENTENCES))
        facts = SentenceFacts(start, end, text, "en", "0" * 684, 0.1, "other", 0.9)  # 512 bytes in base64
        understood = ChunkContent(start, end, [facts] * _SENTENCES)
        return _raw(topics.CONTENT_RESULT, ContentResultMessage(_header("content", index), understood, None))
    words = [Word(start + n * 400, start + n * 400 + 300, f"word{n}", 0.9) for n in range(_WORDS)]
    said = Utterance(start, end, " ".join(word.text for word in words), "en", words, -0.3, 0.1, -20.0)
    chunk = ChunkTranscript(start, end, _PART_MS, "en", 0.9, [said], [], "base")
    return _raw(topics.TRANSCRIPT, TranscriptMessage(_header("transcriber", index), chunk, None))


def _end(kind: StreamKind, count: int) -> Any:
    end = ExtractionEnd(count, count, count * _PART_MS, [])
    if kind == "vision":
        return _raw(topics.VISION_RESULT, VisionResultMessage(_header("vision", END_INDEX), None, end))
    if kind == "content":
        return _raw(topics.CONTENT_RESULT, ContentResultMessage(_header("content", END_INDEX), None, end))
    return _raw(topics.TRANSCRIPT, TranscriptMessage(_header("transcriber", END_INDEX), None, end))


def _raw(spec: topics.TopicSpec[Any], message: Any) -> Any:
    partition = topics.video_partition(_VIDEO, spec.partitions)
    return SimpleNamespace(topic=spec.name, partition=partition, offset=0, key=None, value=codec.encode(spec, message))


def main() -> None:
    """Print a JSON document."""
    wanted = [int(text) for text in sys.argv[1:]] or PARTS
    print(json.dumps({"bench": "join-table", "rows": [measure(parts) for parts in wanted]}, indent=2))


if __name__ == "__main__":
    main()
