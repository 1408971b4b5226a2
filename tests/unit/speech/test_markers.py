"""Markers: each by its sign in text or sound, at its time, with a strength; and none without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from processors.domain import Marker, Sound, Utterance, Word
from processors.speech.markers import between, markers_of
from processors.speech.voice import contours
from tests.unit.speech import sounds_made as made

WORD_MS = 300
FLAT = contours(made.vowel(6.0, 150), 0)


def spoken(text: str, language: str = "en", start_ms: int = 0) -> Utterance:
    words = [
        Word(start_ms + n * WORD_MS, start_ms + (n + 1) * WORD_MS, word, 0.9) for n, word in enumerate(text.split())
    ]
    return Utterance(start_ms, words[-1].end_ms, text, language, words, -0.3, 0.0, -20.0)


def kinds(utterance: Utterance, sounds: list[Sound] | None = None) -> list[tuple[str, int, int]]:
    return [(m.kind, m.start_ms, m.end_ms) for m in markers_of(utterance, FLAT, None, sounds or [])]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Is that so?", "en", [("question", 0, 900)]),
        ("¿Y eso es así?", "es", [("question", 0, 1_200)]),
        ("¡Qué bien!", "es", [("exclamation", 0, 600)]),
        ("你 好 吗？", "zh", [("question", 0, 900)]),
        ("そう です か?」", "ja", [("question", 0, 900)]),
        ("هل هذا صحيح؟", "ar", [("question", 0, 900)]),
        ("τι είναι αυτό;", "el", [("question", 0, 900)]),
        ("first; second", "en", []),
        ('He asked "why?" and left.', "en", [("question", 0, 900)]),
        ("It is late. Is it?", "en", [("question", 900, 1_500)]),
        ("Really?!", "en", [("exclamation", 0, 300)]),
        ("That is so.", "en", []),
        ("Ha-ha-ha, very funny.", "en", [("laughter", 0, 300)]),
        ("jajaja qué risa", "es", [("laughter", 0, 300)]),
        ("jaja das stimmt", "de", []),
        ("哈哈哈 好", "zh", [("laughter", 0, 300)]),
        ("had he heh", "en", []),
    ],
)
def test_what_is_written(text, language, expected):
    assert kinds(spoken(text, language)) == expected


def test_a_question_that_rises_is_stronger():
    flat = contours(made.vowel(1.2, 150), 0)
    risen = contours(np.concatenate((made.vowel(0.8, 150), made.vowel(0.4, np.geomspace(150, 240, 6_400)))), 0)
    question = spoken("Is that so now?")
    (level,), (up,) = (markers_of(question, chunk, None, []) for chunk in (flat, risen))
    assert level.strength == pytest.approx(0.7, abs=0.02)
    assert up.strength > 0.85


def test_an_exclamation_above_the_speakers_level_is_stronger():
    sound = np.concatenate((made.vowel(8.0, 150, 0.05), made.vowel(0.6, 150, 0.1)))
    (mark,) = markers_of(spoken("Come here!", start_ms=8_000), contours(sound, 0), None, [])
    quiet = np.concatenate((made.vowel(8.0, 150, 0.1), made.vowel(0.6, 150, 0.05)))
    (soft,) = markers_of(spoken("Come here!", start_ms=8_000), contours(quiet, 0), None, [])
    assert soft.strength == 0.5
    assert mark.strength > soft.strength


@pytest.mark.parametrize(
    ("hz", "loudness", "expected"),
    [(220, 0.25, ["emphasis"]), (220, 0.1, []), (150, 0.25, [])],
    ids=["both", "only-higher", "only-louder"],
)
def test_emphasis_is_louder_and_higher(hz, loudness, expected):
    tones = [150, 152, 149, 151, hz, 150, 148, 151]
    sound = [made.vowel(0.3, tone, loudness if n == 4 else 0.1) for n, tone in enumerate(tones)]
    found = markers_of(spoken("this is said so AND not so then"), contours(np.concatenate(sound), 0), None, [])
    assert [m.kind for m in found] == expected
    assert all((m.start_ms, m.end_ms) == (1_200, 1_500) and 0.4 <= m.strength <= 1 for m in found)


@pytest.mark.parametrize(
    ("before_ms", "expected"),
    [(None, []), (1_001, []), (1_000, [(1_000, 0.3)]), (0, [(0, 0.65)]), (-1_000, [(-1_000, 1.0)]), (-9_000, [])],
    ids=["no-word-before", "shorter", "edge", "longer", "full", "a-break"],
)
def test_pauses(before_ms, expected):
    found = markers_of(spoken("and then", start_ms=2_000), FLAT, before_ms, [])
    assert [(m.start_ms, m.strength) for m in found] == expected
    assert all(m.kind == "pause" and m.end_ms == 2_000 for m in found)


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "kind", "counts"),
    [
        (300, 2_000, "laughter", True),
        (2_099, 4_000, "applause", True),
        (2_100, 4_000, "applause", False),
        (-3_000, 500, "laughter", False),
        (700, 2_000, "music", False),
    ],
    ids=["in-it", "just-after", "too-late", "before", "no-reaction"],
)
def test_reactions_belong_to_what_was_said_before(start_ms, end_ms, kind, counts):
    sound = Sound(start_ms, end_ms, kind, 0.9)
    expected = [Marker(kind, start_ms, end_ms, 0.9)] if counts else []
    said = spoken("so is")
    assert markers_of(said, FLAT, None, [sound]) == expected
    assert between([said], [sound]) == [replace(said, markers=expected)]


def test_between_chunks_pauses_are_silence_only_and_nothing_is_told_twice():
    first, second, third = spoken("one two"), spoken("three", start_ms=3_000), spoken("four", start_ms=5_500)
    second = replace(second, markers=[Marker("pause", 600, 3_000, 0.79)])
    sounds = [Sound(3_500, 5_000, "music", 0.9)]
    told = between([first, second, third], sounds)
    assert [one.markers for one in told] == [[], [Marker("pause", 600, 3_000, 0.79)], []]
    assert [m.kind for m in between([first, second, third], [])[2].markers] == ["pause"]
