"""Valence from words in six languages, arousal from the voice, a label from both; nothing where nothing is known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.domain import Utterance, VoiceFeatures, Word
from processors.speech.emotion import emotions
from processors.speech.sentiment import LABELS, LANGUAGES, told

WORDS = ["not", "very", "good", "bad", "hate!", "love!!", "but", "the", "terrible,", "isn't", "!!!", "''", "bon", "ä"]
VOICE = VoiceFeatures(150.0, 6.0, 2.0, 20.0, 3.0, None, 0.6)


def valence(text: str, language: str = "en") -> float:
    found = told(text.split(), language)
    assert found is not None
    return found.valence


@pytest.mark.parametrize(
    ("language", "pleasant", "unpleasant"),
    [
        ("en", "What a wonderful day, I am so happy.", "This was a terrible mistake and I hate it."),
        (
            "de",
            "Das ist eine wunderbare Nachricht, ich bin glücklich.",
            "Das war ein schrecklicher Fehler, ich hasse es.",
        ),
        ("es", "Es una noticia maravillosa, estoy muy feliz.", "Fue un error terrible y lo odio."),
        ("fr", "C'est une nouvelle merveilleuse, je suis heureux.", "C'était une terrible erreur, quelle tragédie."),
        ("it", "È una notizia meravigliosa, sono felice.", "È stato un terribile errore, che tragedia."),
        ("pt", "É uma notícia maravilhosa, estou feliz.", "Foi um erro terrível, que tragédia."),
    ],
)
def test_valence_of_plain_sentences(language, pleasant, unpleasant):
    assert valence(pleasant, language) > 0.3
    assert valence(unpleasant, language) < -0.3


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("it is not good", "it is good"),
        ("it is good", "it is very good"),
        ("it is slightly good", "it is good"),
        ("it is good", "it is good!!!"),
        ("it was good but terrible", "it was terrible but good"),
        ("it is bad", "it isn't bad"),
        ("no es bueno", "es bueno"),
        ("das ist nicht gut", "das ist gut"),
        ("ce n'est pas bon", "c'est bon"),
    ],
)
def test_the_words_around_count(less, more):
    language = {"no es": "es", "das i": "de", "ce n'": "fr"}.get(less[:5], "en")
    assert valence(less, language) < valence(more, language)


def test_what_is_not_rated():
    assert told(["大変", "うれしい"], "ja") is None
    nothing = told(["the", "table", "stands", "there"], "en")
    assert nothing is not None
    assert (nothing.valence, nothing.rated, set(nothing.hits.values())) == (0.0, 0, {0})


@given(
    words=st.lists(st.sampled_from(WORDS), max_size=30),
    language=st.sampled_from(sorted(LANGUAGES)),
)  # fmt: skip
def test_any_text_stays_in_range(words, language):
    found = told(words, language)
    assert found is not None
    assert -1 <= found.valence <= 1
    assert set(found.hits) == set(LABELS)
    assert 0 <= found.rated <= len(words)


def spoken(text: str, voice: VoiceFeatures | None = VOICE, language: str = "en") -> Utterance:
    words = [Word(n * 300, n * 300 + 250, word, 0.9) for n, word in enumerate(text.split())]
    return Utterance(0, words[-1].end_ms, text, language, words, -0.3, 0.0, -20.0, voice)


@pytest.mark.parametrize(
    "utterance",
    [
        spoken("I am happy"),
        spoken("I am so very happy today", None),
        spoken("I am so very happy today", replace(VOICE, pitch_hz=None)),
        spoken("今日 は とても うれしい です", language="ja"),
    ],
    ids=["few-words", "no-voice", "no-pitch", "unknown-language"],
)
def test_too_little_gives_none(utterance):
    assert emotions([utterance], [-20.0]) == [None]


def test_a_voice_too_weak_gives_none():
    assert emotions([spoken("I am so very happy today")], [None]) == [None]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I am so happy and I love this wonderful day", "joy"),
        ("he is furious and full of hatred and rage", "anger"),
        ("she cried at the funeral and was very sad", "sadness"),
        ("I was afraid and terrified of that horrible danger", "fear"),
        ("wow that is amazing what an unexpected surprise", "surprise"),
        ("the train leaves at ten from the second platform", "neutral"),
        ("estamos muy tristes, es una tragedia y lloramos", "sadness"),
        ("ich bin so wütend, das ist eine Frechheit und ich hasse es", "anger"),
    ],
)
def test_labels(text, label):
    language = "es" if text.startswith("estamos") else "de" if text.startswith("ich") else "en"
    (found,) = emotions([spoken(text, language=language)], [-20.0])
    assert found is not None
    assert found.label == label
    assert 0 < found.probability <= 1


@pytest.mark.parametrize(
    ("change", "level_db", "direction"),
    [
        ({"pitch_hz": 200.0}, -20.0, 1),
        ({}, -14.0, 1),
        ({"speech_rate": 4.0}, -20.0, 1),
        ({"pitch_variation_st": 4.0}, -20.0, 1),
        ({"pitch_hz": 120.0}, -20.0, -1),
        ({}, -28.0, -1),
    ],
    ids=["higher", "louder", "faster", "livelier", "lower", "softer"],
)
def test_arousal_follows_the_voice_against_its_own_level(change, level_db, direction):
    text = "the train leaves at ten from there"
    usual = [spoken(text)] * 4
    found = emotions([*usual, spoken(text, replace(VOICE, **change))], [-20.0] * 4 + [level_db])
    assert found[0] is not None
    assert found[4] is not None
    assert found[0].arousal == 0.35
    assert (found[4].arousal - found[0].arousal) * direction > 0.04


@given(
    hz=st.floats(50, 600), level=st.floats(-60, 0), rate=st.floats(0.1, 12), spread=st.floats(0, 18),
    text=st.sampled_from(["I hate this terrible thing!", "what a lovely good day it is!", "it is so and so"]),
)  # fmt: skip
def test_values_stay_in_their_ranges(hz, level, rate, spread, text):
    voice = VoiceFeatures(hz, spread, spread, 20.0, rate, None, 0.5)
    found = emotions([spoken(text), spoken(text, voice), spoken(text)], [-20.0, level, -20.0])
    for one in found:
        assert one is not None
        assert -1 <= one.valence <= 1
        assert 0 <= one.arousal <= 1
        assert 0 < one.probability <= 1
        assert one.label in ("neutral", *LABELS)
