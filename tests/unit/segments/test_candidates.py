from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.domain import Shot, Utterance, Word
from processors.segments.candidates import (
    CUT_TOLERANCE_MS,
    ENDS_PER_START,
    LEAD_IN_MS,
    LEAD_OUT_MS,
    SHORTEST_MS,
    Bounds,
    Window,
    candidates,
    longest_sentence_ms,
    shot_windows,
)
from processors.segments.sentences import MAX_SENTENCE_MS, Sentence, split_sentences
from processors.segments.words import Token, tokens_of
from tests.unit.segments.builders import shots_at, utterance


def _split(said: list[Utterance], bounds: Bounds, max_ms: int = 0) -> tuple[list[Sentence], list[Token]]:
    tokens = tokens_of(said, bounds.duration_ms)
    return split_sentences(tokens, longest_sentence_ms(max_ms or bounds.max_ms, MAX_SENTENCE_MS)), tokens


def _candidates(said: list[Utterance], bounds: Bounds, shots: list[Shot] | None = None) -> list[Window]:
    sentences, tokens = _split(said, bounds)
    return candidates(sentences, tokens, shots or [], bounds)


TEN_WORDS = "One two three four five six seven eight nine ten."  # 3450 ms


def test_windows_run_from_sentence_to_sentence_with_air() -> None:
    said = [utterance(TEN_WORDS, 1_000), utterance(TEN_WORDS, 6_000), utterance(TEN_WORDS, 11_000)]
    found = _candidates(said, Bounds(3_000, 9_500, 20_000))
    starts = {start - LEAD_IN_MS for start in (1_000, 6_000, 11_000)}
    ends = {end + LEAD_OUT_MS for end in (4_450, 9_450, 14_450)}
    assert {window.start_ms for window in found} == starts
    assert {window.end_ms for window in found} == ends
    assert len(found) == 5  # each alone, the two pairs; all three are too long


def test_air_ends_half_way_to_the_neighbour() -> None:
    said = [utterance(TEN_WORDS, 0), utterance(TEN_WORDS, 3_550), utterance(TEN_WORDS, 7_100)]  # 100 ms between
    middle = [window for window in _candidates(said, Bounds(3_000, 4_000, 30_000)) if window.first == window.last == 1]
    assert middle == [Window(3_500, 7_050, 1, 1)]


#   cut before the first word and after the last of a sentence at 5000..8450 between words at 3450 and 10000
CUTS = [
    (5_000 - CUT_TOLERANCE_MS, 8_450 + CUT_TOLERANCE_MS, (4_600, 8_850), "at the tolerance"),
    (5_000 - CUT_TOLERANCE_MS - 1, 8_450 + CUT_TOLERANCE_MS + 1, (4_850, 8_700), "one step beyond"),
    (5_000, 8_450, (5_000, 8_450), "exactly at the words"),
    (5_001, 8_449, (4_850, 8_700), "inside the words"),
]


@pytest.mark.parametrize(("before_ms", "after_ms", "expected"), [case[:3] for case in CUTS], ids=[c[3] for c in CUTS])
def test_edges_snap_to_cuts(before_ms: int, after_ms: int, expected: tuple[int, int]) -> None:
    said = [utterance(TEN_WORDS, 0), utterance(TEN_WORDS, 5_000), utterance(TEN_WORDS, 10_000)]
    shots = shots_at(0, before_ms, after_ms, 20_000)
    found = _candidates(said, Bounds(3_000, 4_500, 20_000), shots)
    assert [(window.start_ms, window.end_ms) for window in found if window.first == 1] == [expected]


#   how long a segment may be, window of a sentence from 5000 to 8450 with cuts 300 ms off its ends, why
FULL = [
    (4_250, (4_700, 8_750), "room to move both edges"),
    (4_249, (4_850, 8_700), "one step less: air only"),
    (3_850, (4_850, 8_700), "just room for air"),
]


@pytest.mark.parametrize(("max_ms", "expected"), [case[:2] for case in FULL], ids=[case[2] for case in FULL])
def test_a_sentence_that_fills_a_segment_keeps_its_edges(max_ms: int, expected: tuple[int, int]) -> None:
    found = _candidates([utterance(TEN_WORDS, 5_000)], Bounds(3_000, max_ms, 20_000), shots_at(0, 4_700, 8_750, 20_000))
    assert [(window.start_ms, window.end_ms) for window in found if window.first == 0] == [expected]


def test_a_cut_inside_the_neighbour_is_not_taken() -> None:
    said = [utterance(TEN_WORDS, 0), utterance(TEN_WORDS, 3_550)]
    found = _candidates(said, Bounds(3_000, 4_000, 30_000), shots_at(0, 3_300, 30_000))
    assert [window.start_ms for window in found if window.first == 1] == [3_500]


#   said from, minimum, duration, window, why
SHORT = [
    (2_000, 8_000, 20_000, (1_850, 9_850), "silence after it fills the minimum"),
    (15_000, 8_000, 20_000, (12_000, 20_000), "no room after it: silence before it"),
    (1_000, 8_000, 5_000, (0, 5_000), "the whole video is shorter than the minimum"),
    (1_000, 500, 5_000, (850, 4_700), "long enough by itself"),
]


@pytest.mark.parametrize(
    ("start_ms", "min_ms", "duration_ms", "expected"), [case[:4] for case in SHORT], ids=[c[4] for c in SHORT]
)
def test_a_single_sentence_gives_one_window(
    start_ms: int, min_ms: int, duration_ms: int, expected: tuple[int, int]
) -> None:
    bounds = Bounds.of(min_ms, 60_000, duration_ms)
    found = _candidates([utterance(TEN_WORDS, start_ms)], bounds)
    assert [(window.start_ms, window.end_ms) for window in found] == [expected]


def test_edges_inside_a_sentence_are_used_only_when_there_are_no_others() -> None:
    said = [utterance("and so on the story goes for a while", 0), utterance(TEN_WORDS, 60_000)]
    said = [said[0], utterance("but never quite ends.", 5_200), *said[1:]]  # a break of over 2 s without a full stop
    found = _candidates(said, Bounds(3_000, 9_000, 70_000))
    sentences, _ = _split(said, Bounds(3_000, 9_000, 70_000))
    assert len(sentences) == 3
    assert all(sentences[window.first].opens and sentences[window.last].closes for window in found)


@pytest.mark.parametrize("length_ms", [5_000, 1_000], ids=["5 s", "1 s"])
def test_one_exact_length_gives_windows_that_end_between_words(length_ms: int) -> None:
    said = [utterance(TEN_WORDS, start_ms) for start_ms in range(0, 60_000, 3_500)]
    found = _candidates(said, Bounds(length_ms, length_ms, 63_000))
    assert found
    for window in found:
        assert window.end_ms - window.start_ms <= length_ms
        assert window.end_ms - window.start_ms > length_ms - 700  # less than two words short
        for word in (word for each in said for word in each.words):
            assert not word.start_ms < window.start_ms < word.end_ms
            assert not word.start_ms < window.end_ms < word.end_ms


def test_a_word_longer_than_a_segment_may_be() -> None:
    held = Utterance(0, 9_000, "Aaaaah", "en", [Word(0, 9_000, "Aaaaah", 0.9)], -0.1, 0.0, None)
    assert _candidates([held], Bounds(500, 1_000, 10_000)) == [Window(0, 1_000, 0, 0)]


#    shots, minimum, maximum, expected windows, why
SILENT = [
    ((0, 4, 8, 20), 4, 8, [(0, 4), (0, 8), (4, 8), (8, 12), (8, 16), (12, 16), (12, 20), (16, 20)], "along the cuts"),
    ((0, 5), 8, 60, [(0, 5)], "shorter than the minimum: the whole video"),
    ((0, 3, 6), 6, 6, [(0, 6)], "one exact length"),
    ((0, 3, 10), 5, 5, [(0, 5), (3, 8)], "no cut where one is needed"),
]


@pytest.mark.parametrize(
    ("cuts", "least", "most", "expected"), [case[:4] for case in SILENT], ids=[c[4] for c in SILENT]
)
def test_windows_along_shots(cuts: tuple[int, ...], least: int, most: int, expected: list[tuple[int, int]]) -> None:
    shots = shots_at(*(cut * 1_000 for cut in cuts))
    bounds = Bounds.of(least * 1_000, most * 1_000, cuts[-1] * 1_000)
    found = {(window.start_ms // 1_000, window.end_ms // 1_000) for window in candidates([], [], shots, bounds)}
    assert set(expected) <= found
    assert all(least <= end - start <= most or (start, end) == (0, cuts[-1]) for start, end in found)


def test_a_long_stretch_without_speech_has_windows_of_its_own() -> None:
    said = [utterance(TEN_WORDS, 0), utterance(TEN_WORDS, 60_000)]
    shots = shots_at(0, 10_000, 20_000, 30_000, 40_000, 50_000, 70_000)
    found = _candidates(said, Bounds(3_000, 30_000, 70_000), shots)
    silent = [window for window in found if window.first == -1]
    assert Window(10_000, 40_000) in silent
    assert all(3_450 <= window.start_ms < window.end_ms <= 60_000 for window in silent)


@pytest.mark.parametrize("duration_ms", [0, 10, SHORTEST_MS - 1])
def test_a_video_too_short_to_watch_gives_none(duration_ms: int) -> None:
    assert candidates([], [], [Shot(0, 0, duration_ms)], Bounds.of(8_000, 60_000, duration_ms)) == []


def test_the_shortest_video_to_watch_gives_one() -> None:
    bounds = Bounds.of(8_000, 60_000, SHORTEST_MS)
    assert candidates([], [], [Shot(0, 0, SHORTEST_MS)], bounds) == [Window(0, SHORTEST_MS)]


def test_neither_words_nor_shots_give_none() -> None:
    assert candidates([], [], [], Bounds.of(8_000, 60_000, 100_000)) == []


def test_the_number_is_bounded_by_the_number_of_sentences() -> None:
    said = [utterance("One two.", start_ms) for start_ms in range(0, 600_000, 1_000)]
    found = _candidates(said, Bounds(500, 300_000, 600_000))  # some 300 ends fit from each of 600 starts
    assert 600 * (ENDS_PER_START - 2) <= len(found) <= 600 * ENDS_PER_START


texts = st.sampled_from(["Yes.", "one two three", "One two three four five.", "Why not?", "and so on,"])
speech = st.lists(st.tuples(texts, st.integers(0, 5_000)), max_size=15)


@settings(deadline=None)
@given(
    speech,
    st.lists(st.integers(1, 60_000), max_size=8),
    st.tuples(st.integers(500, 20_000), st.integers(500, 20_000)),
    st.integers(1, 40_000),
)
def test_every_window_is_inside_the_video_within_the_lengths_and_cuts_no_word(
    said: list[tuple[str, int]], cuts: list[int], lengths: tuple[int, int], duration_ms: int
) -> None:
    utterances, at_ms = [], 0
    for text, pause_ms in said:
        utterances.append(utterance(text, at_ms + pause_ms))
        at_ms = utterances[-1].end_ms
    max_ms = max(*lengths, 1_000)
    bounds = Bounds.of(min(lengths), max_ms, duration_ms)
    inside = sorted({cut for cut in cuts if cut < duration_ms})
    shots = shots_at(0, *inside, duration_ms)
    sentences, tokens = _split(utterances, bounds, max_ms)
    found = candidates(sentences, tokens, shots, bounds)
    assert found == sorted(found)
    assert len({(window.start_ms, window.end_ms) for window in found}) == len(found)
    if tokens and duration_ms >= SHORTEST_MS:
        assert found
    for window in found:
        assert 0 <= window.start_ms < window.end_ms <= duration_ms
        assert window.end_ms - window.start_ms <= bounds.max_ms
        for token in tokens:
            assert not token.start_ms < window.start_ms < token.end_ms
            assert not token.start_ms < window.end_ms < token.end_ms


def test_shots_longer_than_a_segment_are_divided() -> None:
    found = shot_windows([Shot(0, 0, 100_000)], 0, 100_000, Bounds(8_000, 20_000, 100_000))
    assert {window.start_ms for window in found} == set(range(0, 100_000, 10_000))


def test_no_window_spans_a_long_silence_when_others_exist():
    """Two pairs of sentences with 5 s of silence between them: no window crosses it."""
    words = [
        (at + 700 * number, f"word{number}{'.' if number % 6 == 5 else ''}")
        for at in (0, 13_400)
        for number in range(12)
    ]
    tokens = tokens_of([_said(words)], 22_000)
    sentences = split_sentences(tokens, 60_000)
    assert len(sentences) == 4
    found = candidates(sentences, tokens, [], Bounds.of(3_000, 60_000, 22_000))
    assert found
    assert not any(window.start_ms < 8_000 < 13_000 < window.end_ms for window in found)


def _said(words: list[tuple[int, str]]) -> Utterance:
    spoken = [Word(start, start + 600, text, 0.9) for start, text in words]
    return Utterance(spoken[0].start_ms, spoken[-1].end_ms, "", "en", spoken, -0.2, 0.1, -20.0)


def test_a_stretch_without_clean_starts_has_windows_of_its_own() -> None:
    said = [utterance("Rivers bend in spring.", 0)]
    said += [utterance("And they go on to the sea.", at) for at in range(4_000, 300_000, 4_000)]
    starts = {window.start_ms for window in _candidates(said, Bounds(5_000, 30_000, 300_000))}
    assert not any(5_000 < start <= 30_000 for start in starts)  # near to one that stands alone
    assert sum(start > 30_000 for start in starts) > 20
