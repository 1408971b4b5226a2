"""Answers of a hosted recogniser, as what the local one would have heard."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.domain import Span
from processors.languages import LANGUAGES
from processors.speech.answer import understood
from processors.speech.language_names import code_of, iso_639_1
from processors.speech.listening import Heard, Window
from tests.openai_service import spoken

WINDOW = Window(np.zeros(16 * 4_000, dtype=np.float32), 10_000, 14_000, [Span(10_000, 14_000)])
WORDS = [("Well", 0.1, 0.4), ("it's", 0.5, 0.8), ("3", 1.0, 1.3), ("post", 1.4, 1.6), ("mortems", 1.6, 2.0)]


def heard(answer: dict[str, Any], language: str | None = None, window: Window = WINDOW) -> list[Heard]:
    return understood(json.dumps(answer).encode(), window, language, "openai:m").found


def texts(answer: dict[str, Any]) -> list[str]:
    return [word.text for one in heard(answer) for word in one.words]


def test_words_get_their_punctuation_and_the_times_of_the_video() -> None:
    (one,) = heard(spoken("“Well, it's 3 post-mortems!”", WORDS))
    assert [word.text for word in one.words] == ["“Well,", "it's", "3", "post-", "mortems!”"]
    assert [(word.start_ms, word.end_ms) for word in one.words][:2] == [(10_100, 10_400), (10_500, 10_800)]
    assert {word.probability for word in one.words} == {0.8187}
    assert (one.language, one.model, one.refused) == ("en", "openai:m", None)


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("¿Qué? Sí.", ["Qué", "Sí"], ["¿Qué?", "Sí."]),
        ('He said, "Go on."', ["He", "said", "Go", "on"], ["He", "said,", '"Go', 'on."']),
        ("It is - well - so.", ["It", "is", "well", "so"], ["It", "is", "well", "so."]),
        ("HELLO there", ["hello", "THERE"], ["HELLO", "there"]),
        ("今天,好。", ["今", "天", "好"], ["今", "天,", "好。"]),
        ("one two three four.", ["one", "four"], ["one", "two", "three", "four."]),
        ("and so it ends here", ["and", "so", "it"], ["and", "so", "it", "ends", "here"]),
        ("a b c d e f", ["a", "b", "c", "x", "d", "e", "f"], ["a", "b", "c", "d", "e", "f"]),
        ("It costs $5.", ["It", "costs", " $5"], ["It", "costs", "$5."]),
    ],
)
def test_the_writing_is_that_of_the_text(text: str, words: list[str], expected: list[str]) -> None:
    timed = [(word, 0.3 * at, 0.3 * at + 0.2) for at, word in enumerate(words)]
    assert texts(spoken(text, timed)) == expected


def test_segments_are_parts_with_guards_of_their_own() -> None:
    answer = spoken("Good. Bad bad.", [("Good", 0.0, 0.5), ("Bad", 1.0, 1.4), ("bad", 1.5, 2.0)])
    first = answer["segments"][0]
    answer["segments"] = [
        {**first, "text": " Good.", "end": 0.5},
        {**first, "text": " Bad bad.", "start": 1.0, "no_speech_prob": 0.9, "avg_logprob": -1.4},
    ]
    good, bad = heard(answer)
    assert ([word.text for word in good.words], good.refused) == (["Good."], None)
    assert ([word.text for word in bad.words], bad.refused) == (["Bad", "bad."], "no speech")


def test_a_loop_is_refused() -> None:
    text = "and again " * 30
    words = [(word, 0.05 * at, 0.05 * at + 0.04) for at, word in enumerate(text.split())]
    assert heard(spoken(text.strip(), words))[0].refused == "repetition"


def test_without_words_the_time_of_a_segment_is_shared() -> None:
    answer = spoken("One three.", [])
    answer["segments"][0] |= {"start": 1.0, "end": 1.9}
    (one,) = heard(answer)
    assert [(word.text, word.start_ms, word.end_ms) for word in one.words] == [
        ("One", 11_000, 11_300),
        ("three.", 11_300, 11_900),
    ]


def test_a_few_wrong_times_are_mended() -> None:
    names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
    timed = [(name, 0.3 * at, 0.3 * at + 0.2) for at, name in enumerate(names)]
    timed[4] = ("e", 99.0, 99.5)
    timed[7] = ("h", 0.1, 0.2)
    (one,) = heard(spoken(" ".join(names), timed))
    assert [word.text for word in one.words] == names
    assert [word.start_ms for word in one.words] == [10_000 + 300 * at for at in range(10)]


def test_nothing_said_is_no_words() -> None:
    assert heard(spoken("", [])) == []


def rubbish(**changes: Any) -> bytes:
    return json.dumps(spoken("Well it's", WORDS[:2]) | changes).encode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the body is not as it should be"),
        (b"<html>secret</html>", "the body"),
        (rubbish()[:-40], "the body"),
        (b'"text"', "the body"),
        (rubbish(text=7), "text is not as it should be"),
        (rubbish(segments="none"), "segments is not"),
        (rubbish(segments=[]), "text without segments"),
        (rubbish(language="klingon"), "a language that is not known"),
        (rubbish(language=None), "a language that is not known"),
        (rubbish(words=[{"word": "Well"}]), "words.start is not"),
        (rubbish(words=[{"word": "Well", "start": 0, "end": 1e999}]), "the body|words.end"),
        (rubbish(words=[{"word": "Other", "start": 0, "end": 1}] * 3), "not those of the text"),
        (rubbish(words=[{"word": w, "start": s, "end": s} for w, s in (("Well", 3.0), ("it's", 1.0))]), "out of order"),
        (rubbish(words=[{"word": "Well", "start": 50, "end": 51}]), "out of order"),
        (rubbish(words=[{"word": "a", "start": 0, "end": 1}] * 2_001), "words is not"),
    ],
)
def test_what_cannot_be_believed_is_refused_and_not_repeated(body: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        understood(body, WINDOW, None, "openai:m")
    assert "secret" not in str(caught.value)


times = st.floats(-5, 40) | st.floats(0, 4)


@given(st.lists(st.tuples(st.sampled_from(["a", "so,", "Ünd", "İ", "今", "-", "b's", " "]), times, times), max_size=25))
def test_words_are_in_order_inside_their_window_or_refused(said: list[tuple[str, float, float]]) -> None:
    text = " ".join(word for word, _, _ in said)
    try:
        found = heard(spoken(text, said, language="english"))
    except ValueError:
        return
    words = [word for one in found for word in one.words]
    assert all(10_000 <= word.start_ms < word.end_ms <= 14_000 for word in words)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(words))
    spoken_text = "".join(letter for letter in text if letter.isalnum())
    assert "".join(letter for word in words for letter in word.text if letter.isalnum()) == spoken_text


@given(st.lists(st.sampled_from(["one", "two,", "three.", "four"]), min_size=1, max_size=30))
def test_honest_answers_are_never_refused(said: list[str]) -> None:
    timed = [(word.rstrip(",."), 0.1 * at, 0.1 * at + 0.09) for at, word in enumerate(said)]
    assert texts(spoken(" ".join(said), timed)) == said


@pytest.mark.parametrize(
    ("name", "code"),
    [("english", "en"), ("English", "en"), ("en", "en"), ("en-US", "en"), ("pt_BR", "pt"), ("haitian creole", "ht"),
     ("castilian", "es"), ("Cantonese", "yue"), ("javanese", "jw"), ("jv", "jw"), ("klingon", None), ("", None)],
)  # fmt: skip
def test_codes_of_languages(name: str, code: str | None) -> None:
    assert code_of(name) == code


def test_every_language_has_a_name() -> None:
    from processors.speech.language_names import _CODES

    assert set(_CODES.values()) == LANGUAGES


def test_requests_name_languages_by_two_letters() -> None:
    assert [iso_639_1(code) for code in ("en", "jw", "yue", "haw", None)] == ["en", "jv", None, None, None]


def segment(text: str, start_s: float, end_s: float) -> dict[str, Any]:
    return {**spoken("x", WORDS[:1])["segments"][0], "text": f" {text}", "start": start_s, "end": end_s}


def test_words_that_the_list_lacks_get_the_time_of_their_segment() -> None:
    answer = spoken("Well it's. Not a word of this.", WORDS[:2])
    answer["segments"] = [segment("Well it's.", 0.0, 0.9), segment("Not a word of this.", 2.0, 3.0)]
    first, second = heard(answer)
    assert [word.text for word in first.words] == ["Well", "it's."]
    assert [(word.text, word.start_ms) for word in second.words] == [
        ("Not", 12_000), ("a", 12_200), ("word", 12_400), ("of", 12_600), ("this.", 12_800),
    ]  # fmt: skip


def test_more_words_than_there_is_time_for_are_refused() -> None:
    answer = spoken("Well a b c d e f g h it's", [("Well", 0.1, 0.4), ("it's", 0.41, 0.8)])
    with pytest.raises(ValueError, match="more words than their times have room for"):
        heard(answer)


def test_null_is_no_words() -> None:
    assert texts(spoken("One three.", []) | {"words": None}) == ["One", "three."]


def test_blanks_stay_where_words_have_none_between_them() -> None:
    answer = spoken(
        "我用 Google Cloud。", [("我", 0.1, 0.2), ("用", 0.2, 0.4), ("Google", 0.5, 0.9), ("Cloud", 1.0, 1.4)]
    )
    assert "".join(texts(answer | {"language": "chinese"})).strip() == "我用 Google Cloud。"
    assert texts(answer)[2:] == ["Google", "Cloud。"], "other languages have their blanks anyway"
