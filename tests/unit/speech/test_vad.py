"""Voice activity: hysteresis as a table, the network on the sample, and on sound without speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from processors.models.store import ModelStore
from processors.speech.vad import (
    MAX_RISE_WINDOWS,
    MIN_SILENCE_WINDOWS,
    MIN_SPEECH_WINDOWS,
    SAMPLE_RATE,
    WINDOW_SAMPLES,
    Hysteresis,
    SpeechDetector,
)
from tests import media

PAUSE = [0.0] * MIN_SILENCE_WINDOWS


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ModelStore(None, tmp_path_factory.mktemp("vad"), allow_download=False).path("silero-vad")


def spans(probabilities: list[float]) -> list[tuple[int, int]]:
    hysteresis = Hysteresis()
    found = [span for p in probabilities if (span := hysteresis.push(p)) is not None]
    last = hysteresis.finish()
    return found if last is None else [*found, last]


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([0.0] * 50, []),
        ([0.9] * 10, [(0, 10)]),  # open at the end
        ([0.0] * 3 + [0.9] * 10 + PAUSE, [(3, 13)]),
        ([0.3] * 20, []),  # between the thresholds: does not begin speech
        ([0.0, 0.3, 0.3, 0.9, 0.3, *PAUSE], [(1, 5)]),  # a soft beginning belongs to it
        ([0.3] * 20 + [0.9] * 3 + PAUSE, [(20 - MAX_RISE_WINDOWS, 23)]),
        ([0.9] * 4 + PAUSE[1:] + [0.3] * 3 + [0.9] * 4, [(0, 4), (4 + MIN_SILENCE_WINDOWS, 15)]),  # after it was closed
        ([0.9] * 5 + [0.3] * 5 + [0.9] * 5 + PAUSE, [(0, 15)]),  # nor ends it
        ([0.9] * 5 + [0.0] + [0.3] * (MIN_SILENCE_WINDOWS - 1), [(0, 5)]),  # once silent, only speech goes on
        ([0.9] * 5 + PAUSE[1:] + [0.9] * 5 + PAUSE, [(0, 5 + MIN_SILENCE_WINDOWS - 1 + 5)]),  # one short of a pause
        ([0.9] * 5 + PAUSE + [0.9] * 5 + PAUSE, [(0, 5), (5 + MIN_SILENCE_WINDOWS, 10 + MIN_SILENCE_WINDOWS)]),
        ([0.9] * (MIN_SPEECH_WINDOWS - 1) + PAUSE, []),  # a click
        ([0.9] * MIN_SPEECH_WINDOWS + PAUSE, [(0, MIN_SPEECH_WINDOWS)]),
    ],
)
def test_hysteresis(probabilities, expected):
    assert spans(probabilities) == expected


def test_a_split_gives_both_parts():
    hysteresis = Hysteresis()
    for _ in range(20):
        hysteresis.push(0.9)
    assert hysteresis.split(8) == (0, 8)
    assert hysteresis.split(8) is None  # nothing before it is left
    assert hysteresis.finish() == (8, 20)


def probabilities(network: Path, samples: np.ndarray, step: int) -> np.ndarray:
    detector = SpeechDetector(network)
    parts = [detector.feed(samples[start : start + step]) for start in range(0, len(samples), step)]
    return np.concatenate([*parts, detector.finish()])


def test_speech_is_found_at_any_loudness_whatever_the_blocks(network):
    clip = media.speech(4_000, SAMPLE_RATE)[0]
    for gain in (1.0, 0.01):
        found = probabilities(network, (clip * gain).astype(np.float32), 16_000)
        assert len(found) == -(-len(clip) // WINDOW_SAMPLES)
        assert np.mean(found > 0.5) > 0.5
    assert np.array_equal(probabilities(network, clip.copy(), 777), probabilities(network, clip.copy(), 30_000))


def test_a_quiet_speaker_is_found_after_a_loud_one(network):
    clip = media.speech(4_000, SAMPLE_RATE)[0]
    pause = np.zeros(SAMPLE_RATE, np.float32)
    found = probabilities(network, np.concatenate((clip, pause, clip * np.float32(0.01))), 16_000)
    assert np.mean(found[-len(clip) // WINDOW_SAMPLES :] > 0.5) > 0.5


@pytest.mark.parametrize("level", [0.0, 0.001, 0.3])
def test_noise_is_no_speech(network, level):
    noise = np.random.default_rng(1).normal(0.0, level, 5 * SAMPLE_RATE).astype(np.float32)
    assert spans(probabilities(network, noise, 16_000).tolist()) == []


def test_the_door_is_checked(network):
    with pytest.raises(ValueError, match="float32"):
        SpeechDetector(network).feed(np.zeros(512))
