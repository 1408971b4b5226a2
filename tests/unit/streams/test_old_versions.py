"""Records that an older build wrote are read by this one, decoded and joined, for as long as topics keep them."""

from __future__ import annotations

import asyncio
import io
import json
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastavro
import pytest

import schemas
from processors.domain import (
    BatchAnalysis,
    ChunkTranscript,
    ExtractionEnd,
    FrameBatch,
    Reason,
    Segment,
    Shot,
    Utterance,
    Word,
)
from processors.errors import Fatal
from processors.options import Options
from schemas import loader
from schemas.messages import (
    END_INDEX,
    AudioChunkMessage,
    Control,
    FrameBatchMessage,
    Header,
    Progress,
    Run,
    Segments,
    StageRun,
    TranscriptMessage,
    VideoIngested,
    VisionResultMessage,
)
from streams import codec, topics
from tests.unit.join.records import VIDEO, Raw, records
from tests.unit.join.world import World

# One message of each topic whose schema has older versions; what the older ones lack has its default.
_HEADER = Header("v", 0, "a stage", END_INDEX, "ok", None, 1, Options(), None, 5, False)
_END = ExtractionEnd(2, 2, 9_000, ["a warning"])
_RUN = Run([StageRun("segmenter", 5, 1, 0)], ["base"], 0.0, 1, 2)
_SEGMENT = Segment("v-0-9", 1, 0, 9_000, 0.5, 0.5, "title", "text", [Reason("hook", 0.9, 0.2, "asks")], None)
_SAID = Utterance(0, 900, "yes", "en", [Word(0, 900, "yes", 0.9)], -0.3, 0.1, -20.0)
SAMPLES: dict[str, Any] = {
    "audio-chunk": AudioChunkMessage(_HEADER, None, _END),
    "frame-batch": FrameBatchMessage(_HEADER, None, _END),
    "transcript": TranscriptMessage(_HEADER, ChunkTranscript(0, 900, 900, "en", 0.9, [_SAID], [], "base"), None),
    "vision-result": VisionResultMessage(_HEADER, None, _END),
    "segments": Segments(
        "v", 0, 1, False, "final", None, 9_000, "title", ["en"], 0.5, [_SEGMENT], [], None, "blob:0", _RUN
    ),
    "video-ingested": VideoIngested("/a.mp4", "v", "0" * 64, Options(max_segments=3), 5, 1, "vision", True, 7),
    "progress": Progress("v", 0, "vision", 3, 1, None, 90, "running", None, 5),
    "control": Control("v", "cancel", 7),
}
OLD_ID = schemas.BUNDLED_ID_BASE + 9_000
# What an older transcript would lack: fields with a default, in the header, its options and deep in the item.
LATER_FIELDS = {"Header": "fresh_from", "Options": "callback_url", "Utterance": "loudness_db"}


def older_ids() -> list[tuple[str, int]]:
    known = json.loads((Path(schemas.__file__).parent / "ids.json").read_text())
    return [(name, schemas.BUNDLED_ID_BASE + one) for name, numbers in known.items() for one in numbers[:-1]]


def written(schema_id: int, parsed: Any, value: Any) -> bytes:
    """A record as the build wrote it that knew this schema."""
    buffer = io.BytesIO(struct.pack(">bI", 0, schema_id))
    buffer.seek(0, io.SEEK_END)
    fastavro.schemaless_writer(buffer, parsed, codec.to_wire(value))
    return buffer.getvalue()


@pytest.mark.parametrize(("name", "schema_id"), older_ids())
def test_every_released_version_is_read(name, schema_id):
    old = schemas.by_id(schema_id)
    assert old is not None
    raw = written(schema_id, old.parsed, SAMPLES[name])
    assert codec.decode(topics.BY_NAME[name], raw) == SAMPLES[name]
    assert codec.encode(topics.BY_NAME[name], SAMPLES[name]) != raw, "the versions differ on the wire"


@pytest.mark.parametrize(("name", "number"), [("frame-batch", 23), ("vision-result", 24)])
def test_shots_of_a_build_that_did_not_say_how_they_begin_are_read(name: str, number: int) -> None:
    schema_id = schemas.BUNDLED_ID_BASE + number
    old = schemas.by_id(schema_id)
    assert old is not None
    spec = topics.BY_NAME[name]
    holder = FrameBatch if name == "frame-batch" else BatchAnalysis
    shots = [Shot(0, 0, 900), Shot(1, 900, 2_000, "fade")]
    value = spec.value(replace(_HEADER, index=0), holder([], shots, 0), None)
    assert codec.decode(spec, codec.encode(spec, value)) == value
    before = codec.decode(spec, written(schema_id, old.parsed, value))
    assert before.item.shots == [replace(shot, transition=None) for shot in shots]


@pytest.fixture
def old_transcripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An older version of the transcript's schema, under an id of its own; gives it parsed."""
    text = json.loads(schemas.bundled("transcript").text)
    for record in _records(text):
        later = LATER_FIELDS.get(record["name"])
        record["fields"] = [field for field in record["fields"] if field["name"] != later]
    (tmp_path / f"{OLD_ID}.avsc").write_text(json.dumps(text))
    known = loader._ids()
    monkeypatch.setattr(loader, "_ids", lambda: {**known, "transcript": [OLD_ID, *known["transcript"]]})
    monkeypatch.setattr(loader, "_RELEASED", tmp_path)
    loader.by_id.cache_clear()
    yield fastavro.parse_schema(text)
    loader.by_id.cache_clear()


def test_a_transcript_of_an_older_build_is_joined_like_one_of_this_one(old_transcripts):
    new = World()
    wanted = records("M T0 C0 T1 C1 T/2 C/2 V0 V/1")
    asyncio.run(_take(new, wanted))
    old = World()
    rewritten = [_rewritten(one, old_transcripts) if one.topic == "transcript" else one for one in wanted]
    assert sum(one.value != before.value for one, before in zip(rewritten, wanted, strict=True)) == 3
    asyncio.run(_take(old, rewritten))
    assert [one.completeness for one in old.emitted] == ["final"]
    assert old.emitted[0].parts_uri == new.emitted[0].parts_uri, "the same parts, to the byte"
    assert old.letters == []


def test_an_id_that_no_build_before_this_one_gave_is_of_a_newer_one(old_transcripts):
    raw = _rewritten(records("T0")[0], old_transcripts).value
    unknown = raw[:1] + struct.pack(">I", OLD_ID + 1) + raw[5:]
    with pytest.raises(Fatal, match="newer clipstream"):
        codec.decode(topics.TRANSCRIPT, unknown)


def _rewritten(one: Raw, parsed: Any) -> Raw:
    message = codec.decode(topics.TRANSCRIPT, one.value)
    assert message.header.video_id == VIDEO
    return replace(one, value=written(OLD_ID, parsed, message))


async def _take(world: World, wanted: list[Raw]) -> None:
    for one in wanted:
        await world.take(one)


def _records(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, list):
        for one in schema:
            yield from _records(one)
    elif isinstance(schema, dict):
        if schema.get("type") == "record":
            yield schema
            for field in schema["fields"]:
                yield from _records(field["type"])
        else:
            yield from _records(schema.get("type"))
            yield from _records(schema.get("items"))
