"""Loudness, levelling, and sound as WAV."""

from __future__ import annotations

import numpy as np
import pytest

from processors.errors import InvalidMessage
from processors.speech.levels import level_speech, loudness_db
from processors.speech.wav import from_wav, to_wav, within_scale


def tone(seconds: float, amplitude: float) -> np.ndarray:
    time = np.arange(int(seconds * 16_000)) / 16_000
    return (amplitude * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (tone(1, 1.0), -3.0),
        (tone(1, 0.1), -23.0),
        (np.ones(100, np.float32), 0.0),
        (np.zeros(100, np.float32), None),
        (np.zeros(0, np.float32), None),
    ],
)
def test_loudness(samples, expected):
    assert loudness_db(samples) == expected


def test_loud_and_quiet_speech_come_out_alike_and_noise_is_not_raised_without_end():
    loud, quiet, silence = tone(1, 0.2), tone(1, 0.005), np.zeros(8_000, np.float32)
    levelled = level_speech(np.concatenate((loud, silence, quiet)), [(0, 1_000), (1_500, 2_500)])
    first, second = loudness_db(levelled[:16_000]), loudness_db(levelled[24_000:])
    assert first is not None
    assert second is not None
    assert abs(first - second) < 1.0
    whisper = level_speech(tone(1, 1e-4), [(0, 1_000)])
    assert loudness_db(whisper) == pytest.approx(-83 + 30, abs=0.2)


def test_without_speech_nothing_changes():
    samples = tone(1, 0.1)
    assert level_speech(samples, []) is samples
    assert level_speech(np.zeros(16_000, np.float32), [(0, 1_000)]).max() == 0


def test_wav_there_and_back():
    samples = np.concatenate((tone(0.1, 0.7), np.float32([1.5, -1.5])))
    back = from_wav(to_wav(samples))
    assert back.dtype == np.float32
    assert np.abs(back - np.clip(samples, -1, 1)).max() <= 1 / 32_767
    assert to_wav(back) == to_wav(samples)


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"not sound at all", to_wav(tone(0.1, 0.1)).replace(b"\x80>", b"@\x1f")]
)
def test_other_content_is_refused(content):
    with pytest.raises(InvalidMessage):
        from_wav(content)


def test_sound_beyond_full_scale_is_brought_down_and_not_clipped():
    quiet = np.array([0.5, -1.0], np.float32)
    assert within_scale(quiet) is quiet
    loud = np.array([4.0, -2.0, 0.0], np.float32)
    assert within_scale(loud).tolist() == [1.0, -0.5, 0.0]
    assert len(within_scale(np.zeros(0, np.float32))) == 0
