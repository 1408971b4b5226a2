from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson

from processors.blobs import BlobStore
from processors.domain import Document, Speaker, Turn
from processors.segments.parts import dump_json
from streams.results import canonical, to_json
from tests.unit.streams.test_newest import result


def test_speakers_and_turns_are_part_of_a_result(tmp_path: Path) -> None:
    blobs = BlobStore(str(tmp_path))
    document = Document(
        speakers=[Speaker("S1", 5_000), Speaker("Ada", 900, True)],
        turns=[Turn(0, 5_000, "S1"), Turn(4_100, 5_000, "Ada")],
    )
    found = to_json(replace(result(0, 0), document_uri=blobs.put(dump_json(document))), blobs)
    assert found["speakers"] == [{"speaker": "S1", "speech_ms": 5_000}, {"speaker": "Ada", "speech_ms": 900}]
    assert found["turns"][1] == {"start_ms": 4_100, "end_ms": 5_000, "speaker": "Ada"}


def test_a_document_from_before_speakers_has_none(tmp_path: Path) -> None:
    blobs = BlobStore(str(tmp_path))
    uri = blobs.put(orjson.dumps({"transcript": [], "dropped": [], "shots": [], "frames": [], "curve": []}))
    found = orjson.loads(canonical(replace(result(0, 0), document_uri=uri), blobs))
    assert (found["speakers"], found["turns"]) == ([], [])
