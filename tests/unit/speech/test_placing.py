"""Words on the timeline: inside their window, in order, held to speech; and what speech has no words."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.domain import Span, Word
from processors.speech.placing import holes, in_order, outside, place
from processors.speech.whisper import AlignedWord

times = st.floats(-1.0, 40.0, allow_nan=False)
aligned = st.lists(st.builds(AlignedWord, st.just("w"), times, times, st.floats(0, 1)), max_size=60)
edges = st.lists(st.integers(0, 29_000), max_size=8, unique=True).map(sorted)


def word(start_ms: int, end_ms: int) -> Word:
    return Word(start_ms, end_ms, "w", 0.9)


@given(aligned, edges, st.integers(0, 10**7), st.integers(60, 29_000))
def test_words_stay_inside_and_in_order_whatever_the_model_says(words, bounds, start_ms, length_ms):
    speech = [Span(start_ms + first, start_ms + last) for first, last in zip(bounds[::2], bounds[1::2], strict=False)]
    placed = place(words, start_ms, start_ms + length_ms, speech)
    assert [w.text for w in placed] == [w.text for w in words]
    assert all(start_ms <= w.start_ms < w.end_ms <= start_ms + length_ms for w in placed)
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(placed))


@pytest.mark.parametrize(
    ("start_s", "end_s", "speech", "expected"),
    [
        (0.5, 0.9, [(400, 2_000)], (10_500, 10_900)),  # inside speech: as it is
        (0.0, 0.9, [(500, 2_000)], (10_400, 10_900)),  # begins in the silence before
        (1.8, 4.0, [(500, 2_000)], (11_800, 12_100)),  # ends in the silence after
        (0.5, 3.3, [(500, 800), (2_500, 5_000)], (12_400, 13_300)),  # over a pause: where most of it is
        (0.5, 1.5, [(500, 800), (1_000, 5_000)], (10_500, 11_500)),  # over a breath: whole
        (6.0, 6.4, [(500, 2_000)], (16_000, 16_400)),  # in no speech: left alone
        (0.7, 0.7, [(500, 2_000)], (10_700, 10_720)),  # no length
    ],
)
def test_words_are_held_to_speech(start_s, end_s, speech, expected):
    spans = [Span(10_000 + first, 10_000 + last) for first, last in speech]
    (placed,) = place([AlignedWord("w", start_s, end_s, 0.5)], 10_000, 20_000, spans)
    assert (placed.start_ms, placed.end_ms) == expected


def test_more_words_than_milliseconds():
    with pytest.raises(ValueError, match="do not fit"):
        in_order([word(0, 1)] * 3, 0, 2)


def test_outside_is_far_from_all_speech():
    speech = [Span(1_000, 2_000)]
    assert not outside([word(5_000, 5_100), word(2_100, 2_200)], speech)
    assert not outside([word(2_250, 2_400)], speech)
    assert outside([word(2_300, 2_400), word(5_000, 5_100)], speech)
    assert outside([word(0, 100)], [])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], [(0, 10_000)]),
        ([(0, 400), (600, 900), (9_800, 10_000)], [(1_200, 9_500)]),
        ([(t, t + 300) for t in range(0, 10_000, 1_000)], []),
        ([(0, 9_900)], [(1_800, 10_000)]),  # a word stretched over what was skipped
        ([(8_300, 8_600), (8_900, 10_000)], [(0, 8_000)]),
        ([(1_700, 2_000), (3_000, 3_300), (4_500, 4_800), (6_000, 6_300), (7_000, 8_300)], []),  # just short of a hole
    ],
)
def test_holes(words, expected):
    found = holes([word(*one) for one in words], [Span(0, 10_000)])
    assert [(hole.start_ms, hole.end_ms) for hole in found] == expected
