"""The recogniser's pieces become words again, through the real tokenizer."""

from __future__ import annotations

from itertools import pairwise

import pytest

from processors.models.store import ModelStore
from processors.speech.spelling import Piece, whole_words
from processors.speech.whisper import Recogniser
from streams.settings import Settings

TEXTS = [
    ("fr", "C'est aujourd'hui qu'on s'affrontent. Est-ce que vous n'êtes pas d'accord, n'est-ce pas?"),
    ("en", 'It cost $3.5 million, or 20,000 at 10:30 a.m. in the U.S., a self-driving "AT&T" car at www.example.com'),
    ("en", "rock 'n' roll, the post-mortem (a short one) isn't \"done\" yet: 50% of it... well-known?!"),
    ("it", "L'uomo dell'anno, un po' stanco"),
    ("de", "Die E-Mail-Adresse kostet 3,5 Mio. Euro; „gut“, sagte er"),
    ("es", "¿Qué hora es? ¡Ya son las 10:30! (casi)"),
]


def pieces(recogniser: Recogniser, language: str, text: str) -> list[Piece]:
    """As the alignment gives them, ten tokens a second."""
    from faster_whisper.transcribe import merge_punctuations

    from processors.speech import whisper

    tokenizer = recogniser._tokenizer(language)
    words, tokens = tokenizer.split_to_word_tokens([*tokenizer.encode(" " + text), tokenizer.eot])
    found, at = [], 0
    for word, own in zip(words[:-1], tokens[:-1], strict=True):
        found.append({"word": word, "tokens": own, "start": at / 10, "end": (at + len(own)) / 10})
        at += len(own)
    merge_punctuations(found, whisper._PREPENDED, whisper._APPENDED)
    return [Piece(one["word"], one["start"], one["end"], 0.5, len(one["tokens"])) for one in found]


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser("base", ModelStore(None, Settings().cache_dir).path("base"), 1)


@pytest.mark.parametrize(("language", "text"), TEXTS, ids=[text[:12] for _, text in TEXTS])
def test_words_joined_by_blanks_are_the_text(recogniser, language, text):
    given = pieces(recogniser, language, text)
    assert " ".join(word.text for word in given).split() != text.split(), "else there is nothing to put together"
    words = whole_words(given, language)
    assert [word.text for word in words] == text.split()
    assert all(before.end_s <= after.start_s for before, after in pairwise(words))


def test_pieces_stay_where_words_are_not_parted_by_blanks():
    given = [Piece("今日", 0.0, 0.2, 0.9, 1), Piece("は", 0.2, 0.3, 0.8, 1), Piece("。", 0.3, 0.3, 0.7, 1)]
    assert [word.text for word in whole_words(given, "ja")] == ["今日", "は", "。"]


def test_times_and_certainty_of_a_word_are_those_of_its_pieces():
    given = [
        Piece(" aujourd", 1.0, 1.4, 0.9, 2),
        Piece("'", 1.4, 1.4, 0.3, 1),
        Piece("hui", 1.4, 1.6, 0.6, 1),
        Piece(" ", 2.0, 2.0, 0.1, 1),
    ]
    (word,) = whole_words(given, "fr")
    assert (word.text, word.start_s, word.end_s, word.tokens) == ("aujourd'hui", 1.0, 1.6, 4)
    assert word.probability == pytest.approx((0.9 * 2 + 0.3 + 0.6) / 4)


def test_blanks_that_there_are_stay_where_words_have_none_between_them():
    texts = [" 私", "は", " Apple", " Watch", "を", "買", "った"]
    given = [Piece(text, at / 10, at / 10 + 0.1, 0.9, 1) for at, text in enumerate(texts)]
    assert "".join(word.text for word in whole_words(given, "ja")) == "私は Apple Watchを買った"
