"""The noise of a chunk against sound that was mixed to a known ratio."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from processors.media.audio import decode_audio
from processors.models.store import ModelStore
from processors.speech.chunking import Chunker, SpeechChunk
from processors.speech.noise import level_of, noise_of
from processors.speech.vad import SpeechDetector
from streams.settings import Settings

RATE = 16_000
Sound = NDArray[np.float64]


def voice(length_ms: int, amplitude: float = 0.2) -> Sound:
    """A buzz of 150 Hz whose loudness goes up and down four times a second, as syllables do."""
    time = np.arange(length_ms * 16) / RATE
    buzz = np.sign(np.sin(2 * np.pi * 150 * time)) * np.sin(2 * np.pi * 2 * time) ** 2
    return amplitude * buzz / np.sqrt(np.mean(buzz**2))


def hiss(samples: int, power: float) -> Sound:
    return np.random.default_rng(1).standard_normal(samples) * np.sqrt(power)


def mixed(snr_db: float, rest_ms: int, speech_ms: int = 3_000) -> NDArray[np.float32]:
    spoken = voice(speech_ms)
    sound = np.concatenate((np.zeros(rest_ms * 16), spoken, np.zeros(rest_ms * 16)))
    return (sound + hiss(len(sound), np.mean(spoken**2) / 10 ** (snr_db / 10))).astype(np.float32)


@pytest.mark.parametrize("snr_db", [40, 30, 20, 10, 5, 0, -5])
def test_the_ratio_is_that_of_the_mix(snr_db):
    noise = noise_of(mixed(snr_db, 500), [(500, 3_500)])
    assert noise is not None
    assert noise.snr_db == pytest.approx(snr_db, abs=0.7)
    assert noise.level == pytest.approx(level_of(snr_db), abs=0.02)


@pytest.mark.parametrize(("snr_db", "tolerance"), [(20, 2), (10, 2), (5, 2)])
def test_without_anything_beside_the_speech_its_quiet_moments_tell(snr_db, tolerance):
    noise = noise_of(mixed(snr_db, 0), [(0, 3_000)])
    assert noise is not None
    assert noise.snr_db == pytest.approx(snr_db, abs=tolerance)


def test_a_bang_beside_the_speech_is_no_noise():
    sound = mixed(30, 500)
    sound[: 400 * 16] += hiss(400 * 16, 0.2).astype(np.float32)
    noise = noise_of(sound, [(500, 3_500)])
    assert noise is not None
    assert noise.snr_db > 5


@pytest.mark.parametrize(
    ("samples", "speech"),
    [
        (np.zeros(0, np.float32), []),
        (mixed(20, 500), []),
        (np.zeros(RATE, np.float32), [(0, 1_000)]),
        (np.full(RATE, 0.5, np.float32), [(0, 1_000)]),  # an offset is no sound
    ],
)
def test_nothing_to_compare(samples, speech):
    assert noise_of(samples, speech) is None


def test_digital_silence_beside_speech_is_as_clean_as_it_gets_and_an_offset_changes_nothing():
    spoken = np.concatenate((np.zeros(RATE), voice(1_000))).astype(np.float32)
    clean = noise_of(spoken, [(1_000, 2_000)])
    assert clean is not None
    assert (clean.snr_db, clean.level) == (60.0, 0.001)
    assert noise_of(spoken + np.float32(0.1), [(1_000, 2_000)]) == clean


def test_levels_are_shares_of_the_amplitude():
    assert [level_of(snr) for snr in (60, 20, 0, -20)] == [0.001, 0.0909, 0.5, 0.9091]


def pink(samples: int, _music: Sound) -> Sound:
    spectrum = np.fft.rfft(np.random.default_rng(2).standard_normal(samples))
    hertz = np.fft.rfftfreq(samples, 1 / RATE)
    return np.fft.irfft(np.where(hertz < 60, 0, spectrum / np.sqrt(np.maximum(hertz, 1))), samples)


def white(samples: int, _music: Sound) -> Sound:
    return hiss(samples, 1.0)


def music(samples: int, music: Sound) -> Sound:
    return np.resize(music, samples)


@pytest.mark.data
@pytest.mark.parametrize(("make", "error_db"), [(white, 1.5), (pink, 1.5), (music, 6.0)])
def test_real_speech_with_noise_mixed_in(test_data, make: Callable[[int, Sound], Sound], error_db: float):
    """Bounds are twice the mean errors of docs/quality.md, where the voice itself is 29 dB above its own noise."""
    folder = test_data / "speech_librispeech_3005"
    network = ModelStore(None, Settings().cache_dir).path("silero-vad")
    bunny = np.concatenate([b for _, b in decode_audio(test_data / "video_bbb_30s" / "big_buck_bunny_0_30.webm")])
    found: dict[int, list[float]] = {}
    for entry in json.loads((folder / "truth.json").read_text())[:4]:
        spoken = np.concatenate([b for _, b in decode_audio(folder / entry["file"])])
        (whole,) = chunks(spoken, network)
        power = np.mean([np.mean(part(whole, span) ** 2) for span in whole.speech])
        sound = np.pad(spoken, 8_000)
        noise = make(len(sound), bunny[10 * RATE : 18 * RATE].astype(np.float64))  # where it is loud
        noise /= np.sqrt(np.mean(noise**2))
        for snr_db in (15, 10, 5):
            mix = (sound + noise * np.sqrt(power / 10 ** (snr_db / 10))).astype(np.float32)
            for chunk in chunks(mix, network):
                relative = [(s.start_ms - chunk.start_ms, s.end_ms - chunk.start_ms) for s in chunk.speech]
                measured = noise_of(chunk.samples, relative)
                assert measured is not None
                found.setdefault(snr_db, []).append(measured.snr_db)
    means = [float(np.mean(found[snr_db])) for snr_db in (15, 10, 5)]
    assert means == sorted(means, reverse=True)
    assert np.abs(np.subtract(means, (15, 10, 5))).mean() <= error_db, means


def chunks(samples: NDArray[np.float32], network) -> list[SpeechChunk]:
    chunker = Chunker(SpeechDetector(network))
    return [*chunker.feed(samples.astype(np.float32)), *chunker.finish()]


def part(chunk: SpeechChunk, span) -> NDArray[np.float32]:
    return chunk.samples[(span.start_ms - chunk.start_ms) * 16 : (span.end_ms - chunk.start_ms) * 16]
