from __future__ import annotations

import pytest

from processors.segments.wording import disfluency, fluent, makes_no_tag
from processors.segments.words import Token, tokens_of
from tests.unit.segments.builders import utterance
from tests.unit.segments.passages import spoken


def tokens(text: str, language: str = "en") -> list[Token]:
    return tokens_of([utterance(text, language=language)])


@pytest.mark.parametrize(
    ("text", "language", "read"),
    [
        ("Um, the the boat is uh here.", "en", "The boat is here."),
        ("I I think so, um.", "en", "I think so,"),
        ("We said never, never again.", "en", "We said never, never again."),  # twice for effect
        ("Ähm das ist äh gut.", "de", "Das ist gut."),
        ("Euh c'est là.", "fr", "C'est là."),
        ("a small boat", "en", "a small boat"),  # no capital where there was none
        ("", "en", ""),
    ],
)
def test_speech_reads_without_hesitation(text: str, language: str, read: str) -> None:
    assert fluent(tokens(text, language) if text else []) == read


def test_words_of_scripts_without_blanks_may_come_twice() -> None:
    assert fluent(tokens_of([spoken("天 天 呃 見", language="zh")])) == "天天見"


def test_disfluency_is_a_share() -> None:
    assert disfluency(tokens("Um the the boat.")) == 0.5
    assert disfluency(tokens("The boat is a s good.")) == pytest.approx(1 / 6)  # "s" is cut off, "a" is a word
    assert disfluency(tokens("A boat.")) == 0.0
    assert disfluency([]) == 0.0


@pytest.mark.parametrize(
    ("word", "language", "nothing"),
    [
        ("Roughly", "en", True),
        ("family", "en", False),
        ("turtle", "en", False),
        ("wanna", "en", True),
        ("wirklich", "de", True),
        ("Schildkröte", "de", False),
        ("rápidamente", "es", True),
        ("gouvernement", "fr", False),
        ("simplement", "fr", True),
        ("我们", "zh", True),
        ("の磁", "ja", True),  # a piece of two words
        ("磁場", "ja", False),
        ("个海", "zh", True),
        ("wanna", "xx", False),  # a language without lists tells nothing
    ],
)
def test_words_that_make_no_tag(word: str, language: str, nothing: bool) -> None:
    assert makes_no_tag(word, language) is nothing
