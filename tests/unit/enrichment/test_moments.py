"""Which frames and which words stand for a candidate."""

from __future__ import annotations

from processors.domain import Document
from processors.enrichment.moments import AROUND_MS, PICTURES, moments_of, shown_frames
from tests.unit.enrichment.helpers import PART_MS, segment_of
from tests.unit.segments.builders import frame, utterance


def test_the_key_frame_and_the_best_of_other_shots() -> None:
    frames = [
        frame(1_000, shot=0, score=0.5),
        frame(2_000, shot=0, score=0.9),
        frame(6_000, shot=1, score=0.4),
        frame(9_000, shot=2, score=0.8),
        frame(12_000, shot=3, score=0.0),
        frame(25_000, shot=4, score=1.0),
    ]
    found = shown_frames(segment_of(0, frames[0].frame_uri), frames)
    assert [one.pts_ms for one in found] == [1_000, 6_000, 9_000]
    assert len(found) == PICTURES


def test_without_other_shots_the_same_one_is_shown_again() -> None:
    frames = [frame(at_ms, shot=0, score=0.5) for at_ms in (1_000, 2_000)]
    assert shown_frames(segment_of(0, frames[1].frame_uri), frames) == frames


def test_a_key_frame_outside_is_shown_and_a_segment_without_any_is_not() -> None:
    outside = frame(90_000, score=0.5)
    assert shown_frames(segment_of(0, outside.frame_uri), [outside]) == [outside]
    assert shown_frames(segment_of(0, None), [outside]) == []


def test_words_are_in_before_or_after_a_moment() -> None:
    said = [
        utterance("Much too early for anybody.", 0),
        utterance("Just before the harbour opens.", PART_MS * 3 - 4_000),
        utterance("Inside the harbour ships are waiting.", PART_MS * 3 + 1_000),
        utterance("Afterwards the sailors are leaving.", PART_MS * 4 + 1_000),
        utterance("Much too late for anybody else.", PART_MS * 4 + AROUND_MS + 5_000),
    ]
    shown = frame(PART_MS * 3 + 500, text=["Harbour", "  ", "Harbour", "9 o'clock"])
    document = Document(transcript=said, frames=[shown])
    (moment,) = moments_of([segment_of(3, shown.frame_uri)], document, 300)
    assert moment.excerpt.before == "Just before the harbour opens."
    assert moment.excerpt.said == "Inside the harbour ships are waiting."
    assert moment.excerpt.after == "Afterwards the sailors are leaving."
    assert moment.text == ["Harbour", "9 o'clock"]
    assert moments_of([], document, 300) == []


def test_a_video_without_words_has_pictures_only() -> None:
    shown = frame(500)
    (moment,) = moments_of([segment_of(0, shown.frame_uri)], Document(frames=[shown]), 300)
    assert (moment.frames, moment.excerpt.size) == ([shown], 0)
