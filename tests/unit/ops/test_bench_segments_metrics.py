"""The metrics of `bench segments`, each against a case that was worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ops.bench.bootstrap import interval
from ops.bench.segments_item import Item, Speech, spans_of
from ops.bench.segments_metrics import average_precision, edges, found, iou, measure, retrieval, share_inside
from processors.domain import ChunkTranscript, Span, Utterance, Word
from processors.segments.parts import Parts


def spoken(*texts: str, gap_ms: int = 0, start_ms: int = 0) -> list[Utterance]:
    """Utterances of words of 100 ms each."""
    said = []
    at_ms = start_ms
    for text in texts:
        words = []
        for word in text.split():
            words.append(Word(at_ms, at_ms + 100, word, 1.0))
            at_ms += 100 + gap_ms
        said.append(Utterance(words[0].start_ms, words[-1].end_ms, text, "en", words, 0.0, 0.0, None))
    return said


def item_of(utterances: list[Utterance], spans: list[Span], length_ms: int, timed: bool = True) -> Item:
    chunk = ChunkTranscript(0, length_ms, length_ms, "en", 1.0, utterances, [], "people")
    parts = Parts("v", transcripts=[chunk], audio_duration_ms=length_ms)
    return Item("v", parts, spans, frozenset(), timed)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 10), (0, 10), 1.0),
        ((0, 10), (10, 20), 0.0),  # they touch
        ((0, 10), (20, 30), 0.0),
        ((0, 10), (5, 15), 5 / 15),
        ((0, 10), (0, 20), 0.5),
        ((2, 4), (0, 10), 0.2),  # one inside the other
    ],
)
def test_iou(one, other, expected):
    assert iou(Span(*one), Span(*other)) == pytest.approx(expected)
    assert iou(Span(*other), Span(*one)) == pytest.approx(expected)


def test_half_is_enough_and_a_little_less_is_not():
    assert found([Span(0, 10)], [Span(0, 20)]) == [True]
    assert found([Span(0, 10)], [Span(0, 21)]) == [False]


def test_the_same_span_is_found_once_however_often_it_is_shown():
    again = [Span(0, 10), Span(1, 11), Span(0, 10)]
    assert found(again, [Span(0, 10)]) == [True, False, False]
    assert found(again, [Span(0, 10), Span(2, 12)]) == [True, True, False]


def test_a_segment_takes_the_nearest_of_those_that_are_left():
    # the first one lies nearest to the second span, and leaves the first span to the second segment
    assert found([Span(2, 12), Span(0, 10)], [Span(0, 10), Span(2, 12)]) == [True, True]


@pytest.mark.parametrize(
    ("hits", "spans", "expected"),
    [
        ([True, False, True], 2, (1 / 1 + 2 / 3) / 2),
        ([False, True], 1, 0.5),
        ([True], 4, 0.25),  # three of four are never found
        ([False, False], 3, 0.0),
        ([], 3, 0.0),
        ([True, True], 2, 1.0),
    ],
)
def test_average_precision(hits, spans, expected):
    assert average_precision(hits, spans) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("segment", "spans", "expected"),
    [
        ((0, 10), [(0, 10)], 1.0),
        ((0, 10), [(20, 30)], 0.0),
        ((0, 10), [(5, 30)], 0.5),
        ((0, 10), [(0, 4), (2, 6)], 0.6),  # the overlap counts once
        ((0, 10), [(0, 8), (1, 2)], 0.8),  # one within the other
        ((10, 20), [(0, 12), (19, 40)], 0.3),
    ],
)
def test_share_inside(segment, spans, expected):
    assert share_inside(Span(*segment), [Span(*span) for span in spans]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ([(0, 10)], 0.0),  # all of it was there before
        ([(0, 4)], 0.4),
        ([(6, 30)], 0.6),
        ([(2, 3), (5, 7), (6, 8)], 0.4),  # 0 to 2, 3 to 5; 8 and later is not marked
        ([(20, 30), (-5, 0)], 0.8),
        ([(1, 9), (2, 3)], 0.1),
    ],
)
def test_what_was_shown_before_is_not_inside(shown, expected):
    assert share_inside(Span(0, 10), [Span(0, 8)], [Span(*one) for one in shown]) == pytest.approx(expected)


def test_retrieval_by_hand():
    spans = [Span(0, 10), Span(100, 110), Span(200, 210), Span(300, 400)]
    segments = [Span(50, 60), Span(0, 10), Span(2, 12), Span(100, 120), Span(310, 320)]
    scores = retrieval(segments, spans)
    assert [scores[f"hit@{k}"] for k in (1, 3, 5, 10)] == [0.0, 1.0, 1.0, 1.0]
    assert [scores[f"recall@{k}"] for k in (1, 3, 5, 10)] == [0.0, 0.25, 0.5, 0.5]
    assert scores["map"] == pytest.approx((1 / 2 + 2 / 4) / 4)
    assert scores["best_iou"] == pytest.approx((1.0 + 0.5 + 0.0 + 0.1) / 4)
    inside = [0.0, 1.0, 0.0, 0.5, 1.0]  # of the third one only 10 to 12 is new
    assert scores["inside@1"] == 0.0
    assert scores["inside@3"] == pytest.approx(sum(inside[:3]) / 3)
    assert scores["inside@5"] == pytest.approx(sum(inside) / 5)
    assert scores["inside@10"] == pytest.approx(sum(inside) / 10)  # five are missing, and count as outside


def test_only_the_first_ten_count():
    segments = [Span(1_000 * number, 1_000 * number + 10) for number in range(1, 11)] + [Span(0, 10)]
    scores = measure(segments, item_of(spoken("One."), [Span(0, 10)], 20_000))
    assert (scores["hit@10"], scores["best_iou"], scores["map"]) == (0.0, 0.0, 0.0)


# words of 100 ms with 50 ms between: "We" at 0, "go." at 150, "They" at 300, "do" at 450, "not." at 600, "Why?" at 750
SPEECH = Speech(spoken("We go. They do not. Why?", gap_ms=50), frozenset(), 10_000)


@pytest.mark.parametrize(
    ("segment", "starts", "ends", "cuts"),
    [
        ((0, 250), 1, 1, 0),  # exactly a sentence
        ((260, 720), 1, 1, 0),  # with air around it
        ((140, 400), 0, 0, 0),  # from "go." to "They"
        ((310, 720), 0, 1, 1),  # through "They"
        ((300, 650), 1, 0, 1),  # through "not."
        ((320, 330), 0, 0, 2),  # within a word
        ((350, 660), 0, 0, 2),
    ],
)
def test_edges(segment, starts, ends, cuts):
    expected = {"starts_on_sentence": starts, "ends_on_sentence": ends, "words_cut": cuts}
    assert edges([Span(*segment)], SPEECH) == expected


def test_edges_are_shares_of_the_segments_in_which_somebody_speaks():
    segments = [Span(0, 250), Span(140, 400), Span(310, 720), Span(5_000, 6_000)]
    scores = edges(segments, SPEECH)
    assert scores["starts_on_sentence"] == pytest.approx(1 / 3)
    assert scores["ends_on_sentence"] == pytest.approx(2 / 3)
    assert scores["words_cut"] == pytest.approx(1 / 4)
    assert edges([], SPEECH) == dict.fromkeys(scores)


def test_without_punctuation_nothing_is_known_of_sentences():
    speech = Speech(spoken(" ".join(["word"] * 70)), frozenset(), 10_000)
    assert edges([Span(0, 250)], speech) == {"starts_on_sentence": None, "ends_on_sentence": None, "words_cut": 1.0}


def test_turns_open_sentences_and_do_not_close_them():
    speech = Speech(spoken("So we", "No. Never", 'He said "stop."', "wait ..."), frozenset({0, 1}), 10_000)
    assert speech.opens == [True, False, True, True, False, False, False, True, False]
    assert speech.closes == [False, False, True, False, False, False, True, False, False]
    assert [list(words) for words in speech.sentences()] == [[0, 1], [2], [3, 4, 5, 6], [7, 8]]


def test_made_times_are_moved_to_words_and_cut_none():
    spans = [Span(0, 200)]
    item = item_of(spoken("We go. They do not."), spans, 500, timed=False)
    scores = measure([Span(20, 230)], item)
    assert (scores["starts_on_sentence"], scores["ends_on_sentence"], scores["words_cut"]) == (1.0, 1.0, None)
    assert scores["best_iou"] == 1.0
    assert measure([Span(20, 230)], item_of(spoken("We go. They do not."), spans, 500))["words_cut"] == 2.0


def test_marked_spans_are_cut_at_the_end_and_kept_once():
    assert spans_of([(5, 9), (0, 3), (5, 9), (8, 40), (10, 12)], 10) == [Span(0, 3), Span(5, 9), Span(8, 10)]


def test_the_bootstrap_covers_the_mean_as_often_as_it_says():
    source = np.random.default_rng(1)
    covered = 0
    for number in range(300):
        bounds = interval(list(source.random(30)), number)
        assert bounds is not None
        covered += bounds[0] <= 0.5 <= bounds[1]
    assert 0.90 <= covered / 300 <= 0.98  # 95 % less what 30 values and 300 rounds leave open


def test_the_bootstrap_by_hand():
    # of two values: both low a quarter, both high a quarter of the time, so 2.5 % lie at each of them
    assert interval([0.0, 1.0]) == (0.0, 1.0)
    assert interval([0.0, 1.0, 0.0, 1.0], 3) == interval([0.0, 1.0, 0.0, 1.0], 3)
    assert interval([1.0]) is None
    assert interval([]) is None
    assert interval([0.0] * 35) is None
