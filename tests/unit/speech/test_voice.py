"""How something was said: in its units and ranges, and None where nothing can be told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.domain import Word
from processors.speech.voice import FLOOR_DB, contours, quantiles, voice_features
from tests.unit.speech import sounds_made as made


def words(*spans: tuple[int, int]) -> list[Word]:
    return [Word(start_ms, end_ms, f"w{number}", 0.9) for number, (start_ms, end_ms) in enumerate(spans)]


THREE = words((0, 300), (350, 650), (700, 1_000))


def test_of_a_vowel_that_glides_over_an_octave():
    chunk = contours(made.vowel(1.0, np.geomspace(120, 240, 16_000)), 0)
    voice = voice_features(THREE, chunk, None)
    assert voice.pitch_hz == pytest.approx(170, rel=0.03)
    assert voice.pitch_range_st == pytest.approx(12 * 0.9, abs=0.5)  # 5 to 95 % of it
    assert voice.pitch_variation_st == pytest.approx(12 / np.sqrt(12), abs=0.3)
    assert voice.speech_rate == 3.0
    assert voice.pause_ms is None
    assert voice.voiced is not None
    assert voice.voiced > 0.95
    assert voice.loudness_range_db is not None
    assert voice.loudness_range_db < 3


def test_loudness_range_is_that_of_the_sound():
    loud, soft = made.vowel(1.0, 150, 0.2), made.vowel(1.0, 150, 0.02)
    voice = voice_features(
        words((0, 700), (700, 1_400), (1_400, 2_000)), contours(np.concatenate((loud, soft)), 0), None
    )
    assert voice.loudness_range_db == pytest.approx(20, abs=1)


def test_times_are_those_of_the_timeline():
    sound = np.concatenate((made.vowel(1.0, 100), made.vowel(1.0, 200)))
    chunk = contours(sound, 60_000)
    second = words((61_050, 61_300), (61_350, 61_650), (61_700, 62_000))
    voice = voice_features(second, chunk, 60_700)
    assert voice.pitch_hz == pytest.approx(200, rel=0.01)
    assert voice.pause_ms == 350
    assert voice_features(second, chunk, 61_060).pause_ms == 0  # words that touch


@pytest.mark.parametrize(
    ("sound", "spoken", "missing"),
    [
        (made.silence(1.0), THREE, {"pitch_hz", "pitch_range_st", "pitch_variation_st", "loudness_range_db", "voiced"}),
        (made.vowel(1.0, 150, 1e-4), THREE, {"pitch_hz", "pitch_range_st", "loudness_range_db", "voiced"}),
        (made.noise(1.0), THREE, {"pitch_hz", "pitch_range_st", "pitch_variation_st"}),
        (made.vowel(1.0, 150), words((0, 150)), {"pitch_hz", "pitch_range_st", "speech_rate", "loudness_range_db"}),
        (made.vowel(1.0, 150), words((0, 300)), {"pitch_range_st", "speech_rate", "loudness_range_db", "voiced"}),
        (made.vowel(0.4, 150), words((0, 100), (100, 200), (200, 300)), {"speech_rate"}),
        (made.silence(0.0), THREE, {"pitch_hz", "loudness_range_db", "voiced"}),
    ],
    ids=["silence", "whisper", "noise", "short", "shorter", "quick", "nothing"],
)
def test_what_cannot_be_told_is_none(sound, spoken, missing):
    voice = voice_features(spoken, contours(sound, 0), None)
    assert {name for name in missing if getattr(voice, name) is not None} == set()


@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(
        st.tuples(
            st.sampled_from(("vowel", "noise", "silence")),
            st.floats(0.02, 0.6),
            st.floats(40, 900),
            st.floats(1e-5, 2.0),
        ),
        max_size=6,
    ),
    bounds=st.lists(st.integers(-500, 4_000), min_size=2, max_size=12, unique=True),
    before=st.none() | st.integers(-500, 4_000),
)
def test_values_stay_in_their_ranges(pieces, bounds, before):
    parts = [made.silence(0)]
    for kind, seconds, hz, loudness in pieces:
        made_of = {"vowel": made.vowel(seconds, hz, loudness), "noise": made.noise(seconds, 0.3, loudness)}
        parts.append(made_of.get(kind, made.silence(seconds)))
    chunk = contours(np.concatenate(parts), 0)
    spans = sorted(bounds)[: len(bounds) // 2 * 2]
    voice = voice_features(words(*zip(spans[::2], spans[1::2], strict=True)), chunk, before)
    assert ((chunk.loudness_db >= FLOOR_DB) & (chunk.loudness_db <= 0)).all()
    assert voice.pitch_hz is None or 50 <= voice.pitch_hz <= 600
    assert voice.pitch_range_st is None or 0 <= voice.pitch_range_st <= 36
    assert voice.pitch_variation_st is None or 0 <= voice.pitch_variation_st <= 18
    assert voice.loudness_range_db is None or 0 <= voice.loudness_range_db <= -FLOOR_DB
    assert voice.speech_rate is None or voice.speech_rate > 0
    assert voice.pause_ms is None or voice.pause_ms >= 0
    assert voice.voiced is None or 0 <= voice.voiced <= 1
    assert voice.pitch_hz is not None or voice.pitch_range_st is None


def test_quantiles_are_values_of_the_list():
    assert quantiles(np.array([5.0, 1.0, 3.0]), 0.0, 0.5, 1.0) == [1.0, 3.0, 5.0]
    assert quantiles(np.array([2.0]), 0.1, 0.9) == [2.0, 2.0]
