from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.domain import BatchAnalysis, DroppedText, Shot, Sound
from processors.options import Options
from processors.segments import Parts, build_document, duration_of
from processors.segments.document import merge_shots
from tests.unit.segments.builders import chunk, facts, frame, parts, shots_at, utterance

#            given shots (start, end)          duration   expected bounds
CASES = [
    pytest.param([(0, 4), (4, 9)], 9, [0, 4, 9], id="contiguous"),
    pytest.param([(4, 9), (0, 4)], 9, [0, 4, 9], id="out of order"),
    pytest.param([(0, 4), (0, 4), (4, 9)], 9, [0, 4, 9], id="twice"),
    pytest.param([(0, 4000), (4080, 9000)], 9000, [0, 4080, 9000], id="a hole of a frame is closed"),
    pytest.param([(0, 4000), (6000, 9000)], 9000, [0, 4000, 6000, 9000], id="a lost batch is a shot of its own"),
    pytest.param([(0, 5000), (4000, 9000)], 9000, [0, 4000, 9000], id="overlap: the later start cuts"),
    pytest.param([(834, 4000), (4000, 9000)], 9000, [0, 4000, 9000], id="picture starts after sound"),
    pytest.param([(0, 4000), (4000, 8000)], 9000, [0, 4000, 9000], id="picture ends before sound"),
    pytest.param([(5000, 9000)], 9000, [0, 5000, 9000], id="the first batch is lost"),
    pytest.param([(0, 4000)], 9000, [0, 4000, 9000], id="the last batch is lost"),
    pytest.param([(0, 4000), (4000, 9500)], 9000, [0, 4000, 9000], id="beyond the duration"),
    pytest.param([(0, 4000), (9000, 9500)], 9000, [0, 4000, 9000], id="starts at the duration"),
    pytest.param([], 9000, [], id="none"),
]


@pytest.mark.parametrize(("spans", "duration_ms", "bounds"), CASES)
def test_merge_shots(spans: list[tuple[int, int]], duration_ms: int, bounds: list[int]) -> None:
    assert merge_shots([Shot(7, *span) for span in spans], duration_ms) == shots_at(*bounds)


TRANSITIONS = [
    pytest.param([(0, 4000, None), (4000, 8000, "fade"), (8000, 9000, "cut")], [None, "fade", "cut"], id="contiguous"),
    pytest.param([(4000, 9000, "fade")], [None, "fade"], id="the start is not known"),
    pytest.param([(900, 9000, "fade")], [None], id="nothing is before the first"),
    pytest.param([(0, 3000, None), (3080, 9000, "dissolve")], [None, "dissolve"], id="a hole of rounding"),
    pytest.param([(0, 3000, None), (5000, 9000, "cut")], [None, None, "cut"], id="a hole begins with who knows what"),
    pytest.param([(0, 6000, None), (6000, 6900, "cut")], [None, "cut", None], id="and so does the end"),
    pytest.param([(0, 5000, None), (4000, 9000, "dissolve")], [None, "dissolve"], id="overlap"),
    pytest.param([(0, 4000, None), (4000, 8000, None), (4000, 9000, "cut")], [None, "cut"], id="one says it, one not"),
    pytest.param([(0, 4000, None), (4000, 9000, None)], [None, None], id="of an older version"),
]


@pytest.mark.parametrize(("spans", "transitions"), TRANSITIONS)
def test_merged_shots_keep_how_they_begin(spans: list[tuple[int, int, str | None]], transitions: list[str]) -> None:
    shots = [Shot(7, *span) for span in spans]
    merged = merge_shots(shots, 9000)
    assert [shot.transition for shot in merged] == transitions
    assert merge_shots(shots[::-1], 9000) == merged


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9_000), st.integers(1, 5_000)), max_size=12), st.integers(1, 10_000))
def test_merged_shots_cover_the_video_once(spans: list[tuple[int, int]], duration_ms: int) -> None:
    merged = merge_shots([Shot(0, start, start + length) for start, length in spans], duration_ms)
    assert [shot.index for shot in merged] == list(range(len(merged)))
    assert all(shot.start_ms < shot.end_ms for shot in merged)
    if merged:
        assert merged[0].start_ms == 0
        assert merged[-1].end_ms == duration_ms
        assert all(one.end_ms == other.start_ms for one, other in itertools.pairwise(merged))


def test_everything_is_in_time_order_and_frames_know_their_shot() -> None:
    late, early = chunk(utterance("later words", 5_000)), chunk(utterance("first words", 0))
    batches = [
        BatchAnalysis([frame(6_500, shot=40)], [Shot(40, 6_000, 8_000)], 0.0),
        BatchAnalysis([frame(1_000, shot=3), frame(500, shot=3)], [Shot(3, 0, 6_000)], 0.0),
    ]
    document = build_document(Parts("vid", Options(), facts(8_000), [late, early], batches, 8_000))
    assert [said.text for said in document.transcript] == ["first words", "later words"]
    assert [seen.pts_ms for seen in document.frames] == [500, 1_000, 6_500]
    assert [seen.shot for seen in document.frames] == [0, 0, 1]
    assert document.shots == shots_at(0, 6_000, 8_000)
    assert document.curve == []


def test_utterances_of_chunks_that_overlap_are_in_time_order() -> None:
    around = chunk(utterance("first words", 0), utterance("last words", 6_000))
    between = chunk(utterance("middle words", 3_000))
    document = build_document(parts(9_000, [between, around]))
    assert [said.text for said in document.transcript] == ["first words", "middle words", "last words"]


def test_a_frame_sent_twice_counts_once() -> None:
    batches = [BatchAnalysis([frame(500)], [], 0.0), BatchAnalysis([frame(500), frame(900)], [], 0.0)]
    document = build_document(Parts("vid", Options(), facts(8_000), [], batches, None))
    assert [seen.pts_ms for seen in document.frames] == [500, 900]


def test_until_leaves_out_what_comes_later() -> None:
    said = chunk(utterance("One two three four.", 0))  # words end at 300, 650, 1000, 1350
    dropped = [DroppedText(0, 900, "hm", "repeat"), DroppedText(0, 1_200, "hm", "repeat")]
    transcript = chunk(*said.utterances)
    transcript = type(transcript)(**{**_fields(transcript), "dropped": dropped})
    whole = parts(5_000, [transcript], [frame(999), frame(1_000)], shots_at(0, 800, 5_000))
    document = build_document(whole, until_ms=1_000)
    assert document.transcript[0].text == "One two three"
    assert document.transcript[0].end_ms == 1_000
    assert [text.end_ms for text in document.dropped] == [900]
    assert [seen.pts_ms for seen in document.frames] == [999]
    assert document.shots == shots_at(0, 800, 1_000)


def _fields(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__slots__}  # type: ignore[attr-defined]


def test_duration_is_the_containers() -> None:
    assert duration_of(parts(8_000, [chunk(utterance("one two three", 9_000))])) == 8_000


@pytest.mark.parametrize("known", [None, facts(0)], ids=["no facts", "facts without duration"])
def test_duration_falls_back_to_what_was_observed(known: object) -> None:
    spoken = [chunk(utterance("one two", 1_000))]
    seen = [BatchAnalysis([frame(2_999)], [Shot(0, 0, 2_500)], 0.0)]
    assert duration_of(Parts("vid", Options(), known, spoken, seen, 1_700)) == 3_000  # type: ignore[arg-type]


def test_sounds_of_chunks_and_between_them_are_in_time_order_and_make_markers() -> None:
    first, second = chunk(utterance("so it is", 0)), chunk(utterance("and then", 6_000))
    laughter, music = Sound(900, 2_400, "laughter", 0.9), Sound(3_000, 5_000, "music", 0.8)
    applause = Sound(6_900, 12_000, "applause", 0.7)
    whole = Parts("vid", Options(), facts(10_000), [second, replace(first, sounds=[laughter])], [], 10_000)
    document = build_document(replace(whole, sounds=[applause, music]))
    assert document.sounds == [laughter, music, replace(applause, end_ms=10_000)]
    assert [[m.kind for m in said.markers] for said in document.transcript] == [["laughter"], ["applause"]]
    early = build_document(replace(whole, sounds=[music, applause]), until_ms=4_000)
    assert early.sounds == [laughter, replace(music, end_ms=4_000)]
    quiet = build_document(replace(whole, sounds=[]))
    assert [[m.kind for m in said.markers] for said in quiet.transcript] == [["laughter"], []]  # laughter is no pause


def test_parts_keep_their_sounds_on_the_way() -> None:
    sent = Parts("vid", sounds=[Sound(0, 1_000, "noise", 0.6)])
    assert Parts.from_json(sent.to_json()) == sent
    assert Parts.from_json(b'{"video_id":"vid"}').sounds == []
