"""The fundamental: right to a fraction of a semitone on known voices, none in noise, plausible on real ones."""

from __future__ import annotations

import time

import numpy as np
import pytest

from processors.media.audio import open_audio
from processors.speech.pitch import CEILING_HZ, FLOOR_HZ, HOP_MS, pitch_track
from tests.unit.speech import sounds_made as made


def semitones(found: np.ndarray, true: np.ndarray | float) -> np.ndarray:
    return 12 * np.log2(found / true)


@pytest.mark.parametrize("hz", [80, 100, 123, 155, 207, 300, 415, 500, 590])
def test_a_steady_vowel(hz):
    track = pitch_track(made.vowel(1.0, hz))
    inner = track.hz[3:-3]
    assert len(track.hz) == len(track.strength) == 100
    assert np.abs(semitones(inner, hz)).max() < 0.1
    assert track.strength[3:-3].min() > 0.8


@pytest.mark.parametrize(("start", "end"), [(100, 200), (300, 180), (450, 350)])
def test_a_gliding_vowel_is_followed(start, end):
    true = np.geomspace(start, end, 16_000)
    track = pitch_track(made.vowel(1.0, true))
    centres = true[(np.arange(100) * HOP_MS + HOP_MS // 2) * 16]
    assert np.abs(semitones(track.hz[4:-4], centres[4:-4])).max() < 0.25


@pytest.mark.parametrize(("ratio_db", "share"), [(20, 0.0), (10, 0.02)])
def test_noise_beside_a_voice_changes_little(ratio_db, share):
    voice = made.vowel(2.0, 140, loudness=0.1)
    track = pitch_track(voice + made.noise(2.0, loudness=0.1 * 10 ** (-ratio_db / 20)))
    wrong = np.isnan(track.hz[4:-4]) | (np.abs(semitones(np.nan_to_num(track.hz[4:-4], nan=140), 140)) > 0.5)
    assert wrong.mean() <= share


@pytest.mark.parametrize(
    "sound",
    [made.noise(2.0), made.noise(2.0, 0.5), made.applause(2.0), made.silence(2.0)],
    ids=["white", "pink", "claps", "zero"],
)
def test_what_is_no_voice_has_no_pitch(sound):
    assert np.mean(~np.isnan(pitch_track(sound).hz)) <= 0.03


def test_pauses_between_vowels_have_none():
    track = pitch_track(np.concatenate((made.vowel(0.5, 200), made.noise(0.5, loudness=1e-4), made.vowel(0.5, 120))))
    assert np.isnan(track.hz[53:97]).all()
    assert np.nanmedian(track.hz[:50]) == pytest.approx(200, rel=0.01)
    assert np.nanmedian(track.hz[100:]) == pytest.approx(120, rel=0.01)
    assert ((track.strength > 0) == ~np.isnan(track.hz)).all()


@pytest.mark.parametrize("count", [0, 1, 159, 160, 161, 1_000])
def test_any_length(count):
    track = pitch_track(made.vowel(1.0, 150)[:count])
    assert len(track.hz) == count // 160
    voiced = track.hz[~np.isnan(track.hz)]
    assert ((voiced >= FLOOR_HZ) & (voiced <= CEILING_HZ)).all()


@pytest.mark.parametrize("samples", [np.zeros((2, 100), np.float32), np.zeros(100)])
def test_other_arrays_are_refused(samples):
    with pytest.raises(ValueError, match="mono float32"):
        pitch_track(samples)


def test_the_same_bytes_every_time_and_quick():
    voice = np.concatenate([made.vowel(1.0, hz) for hz in (110, 220, 180, 90, 300)])
    started = time.process_time()
    tracks = [pitch_track(voice) for _ in range(4)]
    assert (time.process_time() - started) / 20 < 0.01  # x real time; 0.001 on an idle core
    assert {track.hz.tobytes() for track in tracks} == {tracks[0].hz.tobytes()}


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "low", "high"),
    [("librispeech_3005", 80, 135), ("librispeech_533", 185, 330), ("librispeech_1998", 170, 250)],
)
def test_readers_are_where_men_and_women_are(test_data, folder, low, high):
    for clip in sorted((test_data / f"speech_{folder}").glob("*.flac")):
        with open_audio(clip, None) as track:
            assert track is not None
            samples = np.concatenate([block for _, block in track.blocks()])
        found = pitch_track(samples).hz
        assert low <= np.nanmedian(found) <= high, clip.name
        assert 0.3 <= np.mean(~np.isnan(found)) <= 0.8
