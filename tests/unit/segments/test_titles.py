from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.segments.titles import MAX_CHARACTERS, Titles, polished
from tests.unit.segments.builders import frame, material, utterance

LONG = "When the winter market opens beside the river engine nobody in the whole village ever wants to leave it again."


def _title(text: str, language: str = "en") -> str:
    of = material([utterance(text, 0, language)])
    return Titles.of(of).title(of.sentences, [], 83_000)


CASES = [
    ("The river is deep.", "The river is deep", "a short sentence without its full stop"),
    ("Okay. Why is the river so deep? It rains.", "Why is the river so deep?", "a question, with its mark"),
    (
        "They saw the river engine. We all saw the river engine.",
        "We all saw the river engine",
        "an opening that refers back costs",
    ),
    ("And they left. The river engine broke.", "The river engine broke", "not the one that refers back"),
    ("the river engine broke", "The river engine broke", "a capital"),
    (
        "Before anybody in the village had even thought of breakfast, the river engine broke down again completely.",
        "The river engine broke down again completely",  # the other clause is open at its end
        "a clause of a long sentence",
    ),
    (LONG, "When the winter market opens beside the river engine nobody…", "cut at a word where there is no clause"),
]


@pytest.mark.parametrize(("text", "expected"), [case[:2] for case in CASES], ids=[case[2] for case in CASES])
def test_title_from_speech(text: str, expected: str) -> None:
    assert _title(text) == expected


def test_a_title_of_exactly_the_limit_is_whole_and_one_longer_is_cut() -> None:
    exact = "Seven " * 9 + "winter"  # 60 characters
    assert _title(exact + ".") == exact
    assert _title(exact + "s.") == "Seven " * 8 + "Seven…"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["WELCOME TO\u202e THE SHOW"], "WELCOME TO THE SHOW"),
        (["x", "--", "Big news today"], "Big news today"),
        ([], "Moment at 1:23"),
        (["..."], "Moment at 1:23"),
    ],
    ids=["text in the picture", "the first that is readable", "nothing", "no letters"],
)
def test_title_without_speech(texts: list[str], expected: str) -> None:
    of = material([])
    frames = [frame(83_000 + index, text=[text]) for index, text in enumerate(texts)]
    assert Titles.of(of).title([], frames, 83_000) == expected


def test_words_without_letters_fall_back() -> None:
    assert _title("... --- !") == "Moment at 1:23"


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["and", "river,", "So", "end.", "why?", "今天", "unbelievably-long-word" * 4]), min_size=1)
)
def test_a_title_always_fits(words: list[str]) -> None:
    title = _title(" ".join(words))
    assert 0 < len(title) <= MAX_CHARACTERS
    assert title == title.strip()


def test_polished_keeps_what_has_no_capital() -> None:
    assert polished("ßeta") == "ßeta"  # its capital has two letters
    assert polished(" , ") == ""
