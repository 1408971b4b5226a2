"""A hook is what is really said, as it is written in the transcript."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.enrichment.verbatim import LEAST, quoted

TEXT = "Well, it's 3.5 million! The moon pulls the ocean … and nobody knows why. Why does water rise?"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("the moon pulls the ocean", "The moon pulls the ocean"),
        ("“The Moon pulls — the ocean.”", "The moon pulls the ocean"),
        ("it’s 3.5 million", "it's 3.5 million!"),
        ("why does water rise", "Why does water rise?"),
        ("the moon pulls the sea", ""),
        ("moon pulls the oce", ""),
        ("oon pulls the ocean", ""),
        ("pulls the ocean and nobody knows why", ""),
        ("pulls the ocean … and nobody knows why", ""),
        ("Why?", ""),
        ("", ""),
    ],
    ids=[
        "as it is", "other marks", "apostrophe", "with its mark", "invented", "ends in a word", "begins in a word",
        "across a gap", "across a gap, with it", "too short", "nothing",
    ],
)  # fmt: skip
def test_what_is_quoted(said: str, found: str) -> None:
    assert quoted(TEXT, said, 200) == found


def test_scripts_without_blanks_may_begin_anywhere() -> None:
    text = "潮の満ち引きは月の引力で起こります。とても面白いです。"
    assert quoted(text, "月の引力で起こります", 200) == "月の引力で起こります。"
    assert quoted(text, "太陽の引力で起こります", 200) == ""


def test_a_long_one_is_cut_at_a_word() -> None:
    text = "one two three four five six seven"
    assert quoted(text, text, 20) == "one two three four"
    assert quoted("x" * 50, "x" * 50, 20) == "x" * 20


@given(st.text(max_size=60), st.text(max_size=30))
def test_what_comes_back_is_in_the_text(text: str, said: str) -> None:
    found = quoted(text, said, 20)
    assert found in text
    assert len(found) <= 20


@given(st.lists(st.sampled_from(["moon", "tide", "rises", "über", "3.5"]), min_size=6, max_size=12))
def test_whole_words_in_order_are_always_found(words: list[str]) -> None:
    text = " ".join(words)
    part = " ".join(words[1:5])
    assert len(part) > LEAST
    assert quoted(text, part.upper(), 200).casefold() == part
