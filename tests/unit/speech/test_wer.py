"""Word errors: what counts as a word, and the alignment with the fewest errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.speech.wer import NO_ERRORS, WordErrors, normalise, word_errors

words = st.lists(st.sampled_from(["a", "b", "c"]), max_size=8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don’t STOP, now!", ["don't", "stop", "now"]),
        ("post-mortem", ["post", "mortem"]),
        ("¿Qué año?", ["qué", "año"]),  # diacritics tell words apart
        ("It costs 3.5 million.", ["it", "costs", "3.5", "million"]),
        ("'quoted' words'", ["quoted", "words"]),
        ("u\u0308ber", ["über"]),  # composed
        ("... — !", []),
    ],
)
def test_normalised_words(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("reference", "hypothesis", "errors"),
    [
        ("one two three", "One, two: three.", WordErrors(0, 0, 0, 3)),
        ("one two three", "one too three", WordErrors(1, 0, 0, 3)),
        ("one two three", "one three", WordErrors(0, 1, 0, 3)),
        ("one two three", "one two and three", WordErrors(0, 0, 1, 3)),
        ("one two", "", WordErrors(0, 2, 0, 2)),
        ("", "one two", WordErrors(0, 0, 2, 0)),
        ("", "", NO_ERRORS),
        ("a b c d", "b c d e", WordErrors(0, 1, 1, 4)),
    ],
)
def test_counts(reference, hypothesis, errors):
    assert word_errors(reference, hypothesis) == errors


def test_rates():
    assert word_errors("a b c d", "a b").rate == 0.5
    assert word_errors("", "a").rate == float("inf")
    assert NO_ERRORS.rate == 0.0
    assert (word_errors("a b", "a") + word_errors("c d", "c d")).rate == 0.25


@given(words, words)
def test_errors_are_a_distance(first, second):
    there, back = word_errors(first, second), word_errors(second, first)
    assert there.errors == back.errors
    assert (there.errors == 0) == (first == second)
    assert abs(len(first) - len(second)) <= there.errors <= max(len(first), len(second))
    assert len(first) - there.deletions + there.insertions == len(second)
