from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.segments.likeness import Likeness
from processors.segments.selection import MAX_OVERLAP, OPENING_OF, select
from tests.unit.segments.builders import material, utterance, windows


def _select(windows: list[tuple[int, int, float]], limit: int = 10) -> list[tuple[int, int]]:
    ordered = sorted(windows)
    starts, ends = (np.array([window[at] for window in ordered], dtype=np.int64) for at in (0, 1))
    chosen = select(starts, ends, np.array([window[2] for window in ordered], dtype=np.float64), limit)
    return [ordered[index][:2] for index in chosen]


CASES = [
    ([(0, 10, 0.5), (20, 30, 0.9)], [(20, 30), (0, 10)], "best first"),
    ([(20, 30, 0.5), (0, 10, 0.5), (0, 9, 0.5)], [(0, 9), (20, 30)], "ties by start, then end"),
    ([(0, 10, 0.9), (5, 15, 0.8)], [(0, 10), (5, 15)], "overlap at the limit, good enough"),
    ([(0, 10, 0.9), (5, 15, 0.5)], [(0, 10)], "overlap at the limit, scores no more than it repeats"),
    ([(0, 10, 0.9), (4, 14, 0.9)], [(0, 10)], "overlap one step over the limit"),
    ([(0, 100, 0.9), (10, 20, 0.8)], [(0, 100)], "the shorter one lies inside"),
    ([(0, 10, 0.9), (5, 15, 0.6), (20, 30, 0.4)], [(0, 10), (5, 15), (20, 30)], "new beats overlapping, both come"),
    ([(0, 10, 0.0)], [(0, 10)], "a score of 0 alone"),
    ([], [], "nothing"),
]


@pytest.mark.parametrize(("windows", "expected"), [case[:2] for case in CASES], ids=[case[2] for case in CASES])
def test_select(windows: list[tuple[int, int, float]], expected: list[tuple[int, int]]) -> None:
    assert _select(windows) == expected


def test_what_differs_is_preferred_when_places_are_few() -> None:
    windows = [(0, 10, 0.9), (6, 16, 0.8), (20, 30, 0.7)]
    assert _select(windows, limit=2) == [(0, 10), (20, 30)]


any_windows = st.lists(
    st.tuples(st.integers(0, 200), st.integers(1, 60), st.integers(0, 100)).map(
        lambda drawn: (drawn[0], drawn[0] + drawn[1], drawn[2] / 100)
    ),
    max_size=40,
    unique_by=lambda window: window[:2],
)


@settings(deadline=None)
@given(any_windows, st.integers(0, 12))
def test_chosen_never_overlap_by_more_than_half_and_come_by_score(
    windows: list[tuple[int, int, float]], limit: int
) -> None:
    score = {window[:2]: window[2] for window in windows}
    chosen = _select(windows, limit)
    assert len(chosen) <= limit
    assert len(chosen) >= min(limit, 1, len(windows))
    for index, one in enumerate(chosen):
        for other in chosen[index + 1 :]:
            shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
            assert shared <= MAX_OVERLAP * min(one[1] - one[0], other[1] - other[0])
            assert (-score[one], *one) < (-score[other], *other)


def test_what_is_said_again_is_chosen_once() -> None:
    starts, ends = np.array([0, 20_000, 40_000]), np.array([10_000, 30_000, 50_000])
    scores = np.array([0.9, 0.8, 0.3])
    same = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert select(starts, ends, scores, 3) == [0, 1, 2]
    assert select(starts, ends, scores, 3, alike=lambda at: same[at]) == [0, 2]


def test_one_of_five_is_of_the_opening() -> None:
    starts = np.arange(0, 100_000, 10_000)
    scores = np.linspace(0.1, 0.9, 10)
    assert 0 not in select(starts, starts + 10_000, scores, 5)
    assert 0 in select(starts, starts + 10_000, scores, 5, kept=starts == 0)
    assert 0 not in select(starts, starts + 10_000, scores, OPENING_OF - 1, kept=starts == 0)
    assert 0 not in select(starts, starts + 10_000, scores, 5, kept=starts < 0)


def test_windows_with_the_same_words_are_alike() -> None:
    texts = ["Rivers bend in spring.", "Ovens bake bread all day.", "Rivers bend in spring."]
    of = material([utterance(text, 10_000 * at) for at, text in enumerate(texts)])
    spans = windows(of, (0, 9_000), (10_000, 19_000), (20_000, 29_000), (40_000, 41_000))
    likeness = Likeness(of.meaning, spans.sentence_low, spans.sentence_high)
    assert likeness.to(0).tolist() == [1.0, 0.0, 1.0, 0.0]
    assert likeness.to(3).tolist() == [0.0, 0.0, 0.0, 0.0]
    assert Likeness(None, spans.sentence_low, spans.sentence_high).to(0).tolist() == [0.0] * 4
