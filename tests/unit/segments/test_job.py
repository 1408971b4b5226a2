from __future__ import annotations

from processors.blobs import BlobStore
from processors.domain import DroppedText
from processors.models.store import ModelStore
from processors.segments.job import rank_parts
from processors.speech.tongues import left_out, not_supported
from processors.tools import Tools
from tests.unit.segments.builders import chunk, parts, utterance


def test_speech_in_a_language_that_is_left_out_is_told(tmp_path) -> None:
    def foreign(start_ms: int, language: str):
        part = chunk(utterance("x", start_ms))
        part.utterances.clear()
        part.dropped.append(DroppedText(start_ms, start_ms + 1000, "", not_supported(language)))
        return part

    silent = chunk(utterance("x", 9_000))
    silent.utterances.clear()
    silent.dropped.append(DroppedText(9_000, 9_500, "thanks for watching", "no speech"))
    found = parts(25_000, [foreign(0, "pl"), foreign(3_000, "pl"), foreign(6_000, "fr"), silent])
    blobs = BlobStore(str(tmp_path))
    ranked = rank_parts(blobs.put(found.to_json()), None, Tools(blobs, ModelStore(None, tmp_path), 1, None, tmp_path))
    assert "speech: no words were recognised" in ranked.notes
    assert [note.partition(" and have")[0] for note in ranked.notes if "parts are in" in note] == [
        "speech: 1 of 4 parts are in fr",
        "speech: 2 of 4 parts are in pl",
    ]


def test_only_reasons_of_that_kind_name_a_language() -> None:
    assert left_out(not_supported("yue")) == "yue"
    assert left_out("no speech") is None
