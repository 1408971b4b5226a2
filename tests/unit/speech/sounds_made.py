"""Sounds with a known nature: tones, vowels, noises, music, applause, laughter; 16 kHz mono float32, seeded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
Samples = NDArray[np.float32]


def vowel(seconds: float, hz: float | NDArray[np.floating], loudness: float = 0.1) -> Samples:
    """Harmonics under three formants; `hz` may change from sample to sample."""
    count = int(seconds * RATE)
    track = np.broadcast_to(np.asarray(hz, dtype=np.float64), (count,))
    phase = 2 * np.pi * np.cumsum(track) / RATE
    sound = np.zeros(count)
    for harmonic in range(1, 30):
        at = harmonic * track
        gain = sum(np.exp(-(((at - centre) / width) ** 2)) for centre, width in ((700, 250), (1200, 250), (2600, 350)))
        sound += np.where(at < 7_000, (gain + 0.05) * np.sin(harmonic * phase), 0.0)
    return np.asarray(loudness * sound / max(1e-9, float(np.sqrt(np.mean(sound**2)))), dtype=np.float32)


def noise(seconds: float, slope: float = 0.0, loudness: float = 0.1, seed: int = 1) -> Samples:
    """Noise whose amplitude falls with the frequency to the power of `slope`: 0 white, 0.5 pink, 1 brown."""
    count = int(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=count))
    hz = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 20)
    sound = np.fft.irfft(spectrum / hz**slope, count)
    return np.asarray(loudness * sound / np.std(sound), dtype=np.float32)


def hum(seconds: float) -> Samples:
    """Mains hum with harmonics."""
    time = np.arange(int(seconds * RATE)) / RATE
    return np.asarray(sum(0.03 / k * np.sin(2 * np.pi * 50 * k * time) for k in range(1, 20)), dtype=np.float32)


def music(seconds: float, seed: int = 1) -> Samples:
    """Chords of plucked tones that change two to four times a second."""
    random = np.random.default_rng(seed)
    sound = np.zeros(int(seconds * RATE))
    at = 0
    while at < len(sound):
        length = int(RATE * random.choice([0.25, 0.5]))
        time = np.arange(min(length, len(sound) - at)) / RATE
        for step in random.choice([0, 2, 4, 5, 7, 9, 11, 12], 3):
            tone = 220 * 2 ** (step / 12)
            sound[at : at + len(time)] += sum(np.sin(2 * np.pi * tone * k * time) / k for k in range(1, 6)) * np.exp(
                -2 * time
            )
        at += length
    return np.asarray(0.3 * sound / np.abs(sound).max(), dtype=np.float32)


def applause(seconds: float, claps_per_second: int = 200, seed: int = 1) -> Samples:
    """Claps at random times: short decaying bursts of noise between 1 and 3 kHz."""
    random = np.random.default_rng(seed)
    count = int(seconds * RATE)
    sound = np.zeros(count + RATE)
    for start in random.integers(0, count, int(claps_per_second * seconds)):
        length = int(random.uniform(0.008, 0.03) * RATE)
        at = np.arange(length)
        ring = np.sin(2 * np.pi * random.uniform(1_000, 3_000) / RATE * at + random.uniform(0, 6))
        burst = (0.6 * ring + 0.4 * random.normal(size=length)) * np.exp(-4 * at / length)
        sound[start : start + length] += burst * random.lognormal(0, 0.6)
    return np.asarray(0.1 * sound[:count] / np.std(sound[:count]), dtype=np.float32)


def laughter(seconds: float, rate: float = 5.0, hz: float = 280.0, seed: int = 1) -> Samples:
    """Vowels of a tenth of a second in an uneven rhythm, lower and softer one after the other, with breath between."""
    random = np.random.default_rng(seed)
    sound = random.normal(size=int(seconds * RATE)) * 0.003
    at, count = 0.1, 0
    while at < seconds - 0.25:
        length = random.uniform(0.08, 0.12)
        burst = vowel(length, max(120.0, hz * (1 - 0.03 * count) * random.normal(1, 0.03)))
        start = int(at * RATE)
        sound[start : start + len(burst)] += burst * np.hanning(len(burst)) * 0.92**count
        at, count = at + random.normal(1, 0.07) / rate, count + 1
    return sound.astype(np.float32)


def silence(seconds: float) -> Samples:
    """Digital silence."""
    return np.zeros(int(seconds * RATE), dtype=np.float32)
