from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from processors.blobs import BlobStore
from processors.domain import DroppedText
from processors.errors import InvalidMessage
from processors.models.store import ModelStore
from processors.segments.job import Ranked, rank_parts
from processors.segments.parts import Parts
from processors.segments.platforms import RULES, Rules
from processors.speech.tongues import left_out, not_supported
from processors.tools import Tools
from streams.settings import Settings
from tests.unit.segments.builders import chunk, frame, parts, shots_at, utterance
from tests.unit.segments.test_platforms import OWN


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


SAID = [
    utterance("How does a turtle find one small beach?", 1_000),
    utterance("Every beach has a magnetic field.", 4_500),
]


def ranked(found: Parts, folder: Path, platforms: dict[str, Rules] | None = None) -> Ranked:
    blobs = BlobStore(str(folder))
    tools = Tools(blobs, ModelStore(None, Settings().cache_dir), 1, None, folder, platforms=platforms or {})
    return rank_parts(blobs.put(found.to_json()), None, tools)


def test_segments_come_out_finished_with_their_topics_in_the_tags(tmp_path: Path) -> None:
    found = ranked(parts(25_000, [chunk(*SAID)], [frame(1_000)], shots_at(0, 25_000)), tmp_path)
    assert found.segments
    for segment in found.segments:
        assert segment.description
        assert segment.hashtags
        assert set(segment.platforms) == set(RULES)


def test_lengths_follow_the_platforms_also_those_of_ones_own(tmp_path: Path) -> None:
    sentence = " ".join(["Turtles", *(f"swim{at}" for at in range(48)), "home."])  # 17.5 s
    long = parts(125_000, [chunk(*(utterance(sentence, 20_000 * at) for at in range(6)))])
    own = {"ours": Rules.model_validate(OWN)}

    def longest(*platforms: str) -> int:
        asked = replace(long, options=long.options.model_copy(update={"platforms": platforms}))
        return max(segment.end_ms - segment.start_ms for segment in ranked(asked, tmp_path, own).segments)

    assert longest() > 15_000 >= longest("ours")


def test_a_platform_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidMessage, match="Unknown platform 'ours'"):
        ranked(parts(25_000, [chunk(*SAID)], platforms=("ours",)), tmp_path)


def test_a_video_of_ten_milliseconds_says_why_it_has_no_segments(tmp_path: Path) -> None:
    found = ranked(parts(10, [], [frame(0)], shots_at(0, 10)), tmp_path)
    assert found.segments == []
    assert "segments: none, the video is 10 ms long and the shortest segment has 500 ms" in found.notes
    assert found.suggestions == []
