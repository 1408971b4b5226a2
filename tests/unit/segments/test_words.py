from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.domain import Utterance, Word
from processors.segments.words import clean_text, shortened, text_of, tokens_of
from tests.unit.segments.builders import utterance

times = st.integers(-500, 5_000)
any_word = st.builds(Word, times, times, st.sampled_from(["a", "b.", " ", "c", ""]), st.floats())
any_utterance = st.builds(
    Utterance, times, times, st.text(max_size=20), st.sampled_from(["en", "zh"]), st.lists(any_word, max_size=6),
    st.just(-0.1), st.just(0.0), st.none(),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(any_utterance, max_size=5), st.one_of(st.none(), st.integers(1, 4_000)))
def test_tokens_never_overlap_nor_go_back(transcript: list[Utterance], duration_ms: int | None) -> None:
    tokens = tokens_of(transcript, duration_ms)
    for token in tokens:
        assert 0 <= token.start_ms <= token.end_ms
        assert 0 <= token.probability <= 1
        assert token.text.strip() == token.text != ""
        assert duration_ms is None or token.end_ms <= duration_ms
    for token, following in itertools.pairwise(tokens):
        assert token.end_ms <= following.start_ms


def test_a_word_that_reaches_into_the_next_is_clipped() -> None:
    said = replace(utterance("one two", 0), words=[Word(0, 900, "one", 0.9), Word(400, 700, "two", 0.9)], end_ms=900)
    assert [(token.start_ms, token.end_ms) for token in tokens_of([said])] == [(0, 400), (400, 700)]


@pytest.mark.parametrize(
    ("text", "words", "language", "written"),
    [
        ("Hello, world.", ["Hello,", "world."], "en", "Hello, world."),
        ("今天天气很好。", ["今天", "天气", "很", "好。"], "zh", "今天天气很好。"),
        ("I don't know", ["I", "don", "'t", "know"], "en", "I don't know"),
        ("other text", ["Hello,", "world."], "en", "Hello, world."),
        ("别的", ["今天", "天气"], "zh", "今天天气"),
        ("用 Python 写", ["用", "Python", "写"], "zh", "用 Python 写"),
    ],
    ids=["spaced", "unspaced", "joined pieces", "text differs", "text differs, unspaced", "mixed"],
)
def test_blanks_between_words_are_as_written(text: str, words: list[str], language: str, written: str) -> None:
    spoken = [Word(at * 100, at * 100 + 100, word, 0.9) for at, word in enumerate(words)]
    said = Utterance(0, 1_000, text, language, spoken, -0.1, 0.0, None)
    assert text_of(tokens_of([said])) == written


def test_an_utterance_without_words_is_spread_by_length() -> None:
    said = Utterance(1_000, 2_000, "aaa b aaaaaa", "en", [], -0.1, 0.0, None)
    spread = [(token.start_ms, token.end_ms, token.text) for token in tokens_of([said])]
    assert spread == [(1_000, 1_300, "aaa"), (1_300, 1_400, "b"), (1_400, 2_000, "aaaaaa")]


def test_words_from_the_duration_on_are_left_out() -> None:
    tokens = tokens_of([utterance("one two three", 0)], 700)  # words at 0, 350, 700
    assert [(token.text, token.end_ms) for token in tokens] == [("one", 300), ("two", 650)]


def test_probability_that_is_no_number_counts_as_none() -> None:
    assert tokens_of([utterance("one", 0, probability=math.nan)])[0].probability == 0.0


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  two \n\t lines ", "two lines"),
        ("a\u202eb\u2066c\u0000d", "abcd"),
        ("مرحبا \u200cبالعالم", "مرحبا \u200cبالعالم"),
        ("👩\u200d🚀 up", "👩\u200d🚀 up"),
    ],
    ids=["blanks", "overrides and controls", "joiner of Persian", "joiner of emoji"],
)
def test_clean_text(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


@settings(deadline=None)
@given(st.text(max_size=80), st.integers(2, 40))
def test_shortened_fits(text: str, limit: int) -> None:
    assert len(shortened(text, limit)) <= max(limit, 0)
    assert len(text) > limit or shortened(text, limit) == text


def test_shortened_cuts_at_a_word() -> None:
    assert shortened("one two, three", 10) == "one two…"
    assert shortened("one two three", 8) == "one two…"
