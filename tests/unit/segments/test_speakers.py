from __future__ import annotations

from dataclasses import replace

from processors.domain import ChunkTranscript
from processors.segments.parts import Parts
from processors.segments.rank import rank
from processors.segments.speakers import speakers_between
from tests.unit.segments.builders import utterance
from tests.unit.speech.test_diarize import talk


def parts() -> Parts:
    """Two people who talk for a minute in chunks of 15 s."""
    chunks = []
    for number in range(4):
        at = number * 15_000
        prints = talk([(at, at + 8_000, 0), (at + 8_500, at + 14_000, 1)], seed=number)
        spoken = [utterance("This is what I think.", at), utterance("And this is what I say.", at + 9_000)]
        chunks.append(ChunkTranscript(at, at + 15_000, 13_000, "en", 0.9, spoken, [], "base", prints=prints))
    return Parts("v", transcripts=chunks, audio_duration_ms=60_000)


def test_everybody_is_the_same_person_in_all_chunks() -> None:
    document = rank(parts()).document
    assert [who.speaker for who in document.speakers] == ["S1", "S2"]
    assert [spoken.speaker for spoken in document.transcript] == ["S1", "S2"] * 4
    assert document.turns[0].start_ms == 0


def test_a_replay_gives_the_same_ids() -> None:
    again = replace(parts(), transcripts=parts().transcripts[::-1])
    assert rank(again).to_json() == rank(parts()).to_json()
    assert rank(Parts.from_json(parts().to_json())).to_json() == rank(parts()).to_json()


def test_a_provisional_result_knows_only_what_was_heard() -> None:
    document = rank(parts(), until_ms=8_200).document
    assert [who.speaker for who in document.speakers] == ["S1"]
    assert max(turn.end_ms for turn in document.turns) <= 8_200


def test_segments_name_who_speaks_in_them() -> None:
    ranking = rank(parts())
    assert ranking.segments
    for segment in ranking.segments:
        inside = [u for u in ranking.document.transcript if u.start_ms < segment.end_ms and u.end_ms > segment.start_ms]
        assert set(segment.speakers) == {spoken.speaker for spoken in inside}
        assert segment.speakers
    assert speakers_between(ranking.document.transcript, 0, 5_000) == ["S1"]
    assert speakers_between(ranking.document.transcript, 5_000, 5_000) == []


def test_without_prints_nobody_is_named() -> None:
    silent = replace(parts(), transcripts=[replace(chunk, prints=[]) for chunk in parts().transcripts])
    ranking = rank(silent)
    assert ranking.document.speakers == []
    assert {spoken.speaker for spoken in ranking.document.transcript} == {None}
