from __future__ import annotations

from dataclasses import replace

from processors.blobs import BlobStore
from processors.domain import DroppedText
from processors.models.store import ModelStore
from processors.segments.job import rank_parts
from processors.speech.tongues import left_out, not_supported
from processors.tools import Tools
from streams.settings import Settings
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


def test_many_reasons_to_stand_in_are_counted_and_few_are_shown(tmp_path) -> None:
    spoken = [utterance("x", at * 1_000) for at in range(9)]
    transcripts = [replace(chunk(said), fallback=f"No. Request {at % 7}.") for at, said in enumerate(spoken)]
    blobs = BlobStore(str(tmp_path))
    found = blobs.put(parts(25_000, transcripts).to_json())
    ranked = rank_parts(found, None, Tools(blobs, ModelStore(None, Settings().cache_dir), 1, None, tmp_path))
    notes = [note for note in ranked.notes if note.startswith("speech: the local model did")]
    assert [note.partition(" of ")[0].rpartition(" ")[2] for note in notes[:-1]] == ["2", "2", "1", "1", "1"]
    assert notes[0].endswith("2 of 9 parts. No. Request 0.")
    assert notes[-1] == "speech: the local model did 2 more parts, for other reasons"
