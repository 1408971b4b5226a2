from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from processors.domain import Utterance, Word
from processors.segments.cues import LINE_COLUMNS, LINES, MAX_CUE_MS, MIN_CUE_MS, columns, cues_of
from processors.segments.words import tokens_of
from tests.unit.segments.builders import utterance


def test_a_cue_ends_with_its_sentence() -> None:
    cues = cues_of(tokens_of([utterance("It works. Does it? Yes, it does.", 0)]))
    assert [cue.lines for cue in cues] == [("It works.",), ("Does it?",), ("Yes, it does.",)]


def test_long_sentences_are_cut_at_clauses_and_laid_out_evenly() -> None:
    text = (
        "The engine of the river boat had stopped again, so everybody on the upper deck went down to look at it, "
        "and nobody came back before the evening."
    )
    cues = cues_of(tokens_of([utterance(text, 0, word_ms=150)]))
    assert [cue.lines for cue in cues] == [
        ("The engine of the river", "boat had stopped again,"),
        ("so everybody on the upper", "deck went down to look at it,"),
        ("and nobody came back before the evening.",),
    ]


def test_a_pause_ends_a_cue_and_a_short_one_stays_a_little() -> None:
    cues = cues_of(tokens_of([utterance("well", 0), utterance("then we go", 5_000)]))
    assert [(cue.start_ms, cue.end_ms) for cue in cues] == [(0, MIN_CUE_MS), (5_000, 6_000)]


def test_slow_words_get_cues_of_their_own() -> None:
    cues = cues_of(tokens_of([utterance("one two three", 0, word_ms=3_000)]))
    assert [(cue.lines, cue.start_ms, cue.end_ms) for cue in cues] == [
        (("one two",), 0, 6_050),
        (("three",), 6_100, 9_100),
    ]


def test_a_short_cue_never_covers_the_next() -> None:
    cues = cues_of(tokens_of([utterance("Well. Then we go.", 0)]))
    assert [(cue.start_ms, cue.end_ms) for cue in cues] == [(0, 350), (350, 1_350)]


def test_an_address_wider_than_a_line_is_divided() -> None:
    text = "go " + "x" * 100 + " now"
    cues = cues_of(tokens_of([utterance(text, 0, word_ms=3_000)]))
    assert "".join(line for cue in cues for line in cue.lines).replace(" ", "") == text.replace(" ", "")
    assert all(columns(line) <= LINE_COLUMNS for cue in cues for line in cue.lines)


def test_wide_characters_take_two_columns() -> None:
    assert columns("今天 ok") == 7
    text = "今" * 30
    said = Utterance(
        0, 3_000, text, "zh", [Word(at * 100, at * 100 + 100, "今", 0.9) for at in range(30)], -0.1, 0, None
    )
    assert [len(line) for cue in cues_of(tokens_of([said])) for line in cue.lines] == [15, 15]


words = st.lists(
    st.tuples(
        st.sampled_from(["a", "so,", "end.", "why?", "unquestionably", "今天", "x" * 60, "…", "<b>", "-->"]),
        st.sampled_from([0, 1, 80, 400, 9_000]),
        st.sampled_from([0, 0, 30, 700, 4_000]),
    ),
    max_size=80,
)


@settings(deadline=None)
@given(words, st.sampled_from(["en", "zh"]))
def test_cues_fit_and_follow_each_other(said: list[tuple[str, int, int]], language: str) -> None:
    spoken, at_ms = [], 0
    for text, length_ms, pause_ms in said:
        spoken.append(Word(at_ms, at_ms + length_ms, text, 0.9))
        at_ms += length_ms + pause_ms
    tokens = tokens_of([Utterance(0, at_ms, "", language, spoken, -0.1, 0.0, None)]) if spoken else []
    cues = cues_of(tokens)
    for cue in cues:
        assert 0 < cue.end_ms - cue.start_ms <= MAX_CUE_MS
        assert 1 <= len(cue.lines) <= LINES
        assert all(0 < columns(line) <= LINE_COLUMNS for line in cue.lines)
    for cue, following in itertools.pairwise(cues):
        assert cue.end_ms <= following.start_ms
    written = "".join(line for cue in cues for line in cue.lines).replace(" ", "")
    assert written == "".join(text for text, _, _ in said).replace(" ", "")
