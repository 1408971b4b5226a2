"""Sound in which nobody speaks, generated: every word that is recognised in it is invented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.media.audio import SAMPLE_RATE

Samples = NDArray[np.float32]
_SEED: Final = 11
_NOTE_S: Final = 0.25
# Chords of a common progression (C, A minor, F, G) in semitones above middle C.
_CHORDS: Final = ((0, 4, 7), (-3, 0, 4), (-7, -3, 0), (-5, -1, 2))
_MIDDLE_C_HZ: Final = 261.63
_HARMONICS: Final = 6


def silence(seconds: int) -> Samples:
    """Digital silence for half of the time, then the noise floor of a converter (-80 dB)."""
    quiet = np.random.default_rng(_SEED).normal(0.0, 1e-4, seconds * SAMPLE_RATE)
    quiet[: len(quiet) // 2] = 0.0
    return quiet.astype(np.float32)


def noise(seconds: int) -> Samples:
    """A minute each of white, pink and brown noise, hum of 50 Hz, and rain-like clicks, at -50 to -20 dB."""
    random = np.random.default_rng(_SEED)
    parts = []
    for minute in range(-(-seconds // 60)):
        samples = min(60, seconds - 60 * minute) * SAMPLE_RATE
        part = _noise(("white", "pink", "brown", "hum", "clicks")[minute % 5], samples, random)
        parts.append(part / np.std(part) * 10.0 ** (random.uniform(-50.0, -20.0) / 20.0))
    return np.concatenate(parts).astype(np.float32)


def music(seconds: int) -> Samples:
    """Plucked chords with a melody over them and a drum, at -20 dB."""
    random = np.random.default_rng(_SEED)
    samples = seconds * SAMPLE_RATE
    step = round(_NOTE_S * SAMPLE_RATE)
    sound = np.zeros(samples + 8 * step)
    for beat, start in enumerate(range(0, samples, step)):
        chord = _CHORDS[beat // 8 % len(_CHORDS)]
        if beat % 4 == 0:
            for semitones in chord:
                sound[start : start + 8 * step] += 0.5 * _pluck(semitones - 12, 8 * step)
        if random.random() < 0.7:
            sound[start : start + 2 * step] += _pluck(int(random.choice(chord)) + 12, 2 * step)
        if beat % 2 == 0:
            sound[start : start + step] += random.normal(0.0, 0.3, step) * np.exp(-np.arange(step) / 400.0)
    sound = sound[:samples]
    return (sound / np.std(sound) * 0.1).astype(np.float32)


def _pluck(semitones: int, samples: int) -> NDArray[np.float64]:
    time = np.arange(samples) / SAMPLE_RATE
    hertz = _MIDDLE_C_HZ * 2.0 ** (semitones / 12.0)
    tones = [np.sin(2 * np.pi * hertz * n * time) * np.exp(-3.0 * n * time) / n for n in range(1, _HARMONICS + 1)]
    return np.asarray(np.sum(tones, axis=0))


def _noise(kind: str, samples: int, random: np.random.Generator) -> NDArray[np.float64]:
    if kind == "hum":
        time = np.arange(samples) / SAMPLE_RATE
        return np.asarray(sum(np.sin(2 * np.pi * 50 * n * time) / n for n in (1, 2, 3, 5))) + random.normal(
            0.0, 0.02, samples
        )
    if kind == "clicks":
        clicks = np.where(random.random(samples) < 50 / SAMPLE_RATE, random.normal(0.0, 1.0, samples), 0.0)
        return np.convolve(clicks, np.exp(-np.arange(160) / 20.0), mode="same")
    spectrum = np.fft.rfft(random.standard_normal(samples))
    hertz = np.maximum(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE), 20.0)
    return np.asarray(np.fft.irfft(spectrum / hertz ** {"white": 0.0, "pink": 0.5, "brown": 1.0}[kind], samples))


MAKERS: Final[dict[str, Callable[[int], Samples]]] = {"music": music, "noise": noise, "silence": silence}

__all__ = ["MAKERS", "music", "noise", "silence"]
