"""What a second of sound without words is like: the measures that tell music, noise, applause and laughter apart.

None needs a model; each is published for one of these classes: steady spectral peaks for music (Seyerlehner et al.
2007, "Automatic music detection in television productions"), flatness and the 4 Hz modulation for speech against the
rest (Scheirer and Slaney 1997), the burst rhythm of 4 to 6 Hz for laughter (Bachorowski et al. 2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.speech.vad import Samples

UNIT_MS: Final = 1_000
_FFT: Final = 1024  # 64 ms, bins of 15.6 Hz: two notes of the middle octave are apart
_HOP: Final = 512
_FIRST_BIN, _LAST_BIN = 8, 384  # 125 Hz to 6 kHz: below is hum, above nothing for files of low rate
_AROUND: Final = 21  # bins whose mean is the ground over which a peak rises
_PEAK_DB: Final = 6.0  # a bin this far above the ground is a peak
_PEAKS: Final = 5  # the steadiest ones count
_FINE: Final = 64  # samples, 4 ms: shorter than one clap
_TREND: Final = 11  # fine frames, 44 ms: what is slower than a clap, as the pulses of an engine are
_COARSE: Final = 160  # samples, 10 ms
_LEAST_POWER: Final = 1e-12
# Laughter: bursts this far apart (3.3 to 7.1 Hz), looked for in windows of this many coarse frames.
_FIRST_BURST, _LAST_BURST = 14, 30
BURST_FRAMES: Final = 120
_BANDS: Final = (2, 6, 10, 16, 24, 36, 52, 72, 100, 128)  # bins of 31 Hz: bounds of bands of a burst's colour
_BURST_FFT: Final = 512


@dataclass(frozen=True, slots=True)
class Measures:
    """Measures of one unit (`UNIT_MS`, the last one of a stretch may be shorter).

    Attributes:
        level_db: median loudness of 10 ms frames relative to full scale, >= -120.
        steadiness_db: standard deviation of that loudness, >= 0.
        flatness: geometric by arithmetic mean of the mean power spectrum from 125 Hz to 6 kHz: 1 white, 0 tones.
        middle: share of the power above 125 Hz that lies from 1 to 5 kHz, 0..1.
        roughness: how uneven the power of 4 ms frames is against that of 44 ms, standard deviation by mean, >= 0;
            0.2 to 0.3 for a steady noise.
        active: how often each bin is a peak, shape (376,), 0..1.
    """

    level_db: float
    steadiness_db: float
    flatness: float
    middle: float
    roughness: float
    active: NDArray[np.float32]


def measure(samples: Samples) -> Measures:
    """Measure a unit.

    Args:
        samples: mono, 16 kHz, float32, at least 64 ms.
    """
    loudness = _loudness(samples, _COARSE)
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FFT)[::_HOP]
    spectrum = np.fft.rfft(frames * np.hanning(_FFT).astype(np.float32), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2)[:, _FIRST_BIN:_LAST_BIN] + np.float32(_LEAST_POWER)
    mean = power.mean(axis=0, dtype=np.float64)
    smooth = mean[: len(mean) // 8 * 8].reshape(-1, 8).mean(axis=1)  # 125 Hz: flat is what has no slope and no tones
    decibels = 10.0 * np.log10(power)
    return Measures(
        level_db=float(np.median(loudness)),
        steadiness_db=float(np.std(loudness)),
        flatness=float(np.exp(np.mean(np.log(smooth))) / smooth.mean()),
        middle=float(mean[64 - _FIRST_BIN : 320 - _FIRST_BIN].sum() / mean.sum()),
        roughness=_roughness(samples),
        active=(decibels - _ground(decibels) > _PEAK_DB).mean(axis=0, dtype=np.float32),
    )


def tonality(active: NDArray[np.float32]) -> float:
    """How steady the five steadiest spectral peaks are, together: 0..5; about 1 for noise, 2 and more for music.

    Args:
        active: how often each bin is a peak, over some seconds, shape (376,).
    """
    padded = np.pad(active, 1)
    tops = active[(active > padded[:-2]) & (active >= padded[2:])]
    return float(np.sort(tops)[-_PEAKS:].sum()) if len(tops) else 0.0


def laughing(samples: Samples) -> NDArray[np.float32]:
    """How much each tenth of a second sounds like laughter: like bursts, alike and in an even rhythm.

    Args:
        samples: mono, 16 kHz, float32, shape (n,).

    Returns:
        0..1 for each window of 1.2 s, one every 100 ms, shape (m,); empty for less sound.
    """
    loudness = _loudness(np.diff(samples, prepend=np.float32(0)), _COARSE)
    count = len(loudness) - BURST_FRAMES + 1
    if count <= 0:
        return np.zeros(0, dtype=np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(loudness, BURST_FRAMES)[::10]
    depth = np.subtract(*np.percentile(windows, (90, 15), axis=1))
    at = np.arange(BURST_FRAMES) - (BURST_FRAMES - 1) / 2
    level = windows - windows.mean(axis=1, keepdims=True)
    level = level - (level @ at / (at @ at))[:, None] * at  # laughter fades: the slope is none of its rhythm
    spectrum = np.fft.rfft(level, 2 * BURST_FRAMES, axis=1)
    rhythm = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, axis=1)[:, : 2 * _LAST_BURST + 2]
    overlap = 1.0 - np.arange(rhythm.shape[1]) / BURST_FRAMES
    rhythm = rhythm / np.maximum(rhythm[:, :1], 1e-9) / overlap
    once = rhythm[:, _FIRST_BURST : _LAST_BURST + 1]
    period = once.argmax(axis=1) + _FIRST_BURST
    rows = np.arange(len(windows))
    even = np.minimum(once.max(axis=1), rhythm[rows, 2 * period] + 0.15)
    valley = rhythm[rows, period // 2]
    colours = _colours(samples, len(loudness))
    above = np.maximum(0.0, windows - np.median(windows, axis=1, keepdims=True))
    alike = np.array([_alike(colours[10 * r : 10 * r + BURST_FRAMES], above[r], int(p)) for r, p in enumerate(period)])
    scores = _ramp(even, 0.4, 0.7) * _ramp(-valley, 0.1, 0.35) * _ramp(alike, 0.8, 0.93) * _ramp(depth, 6.0, 12.0)
    return np.asarray(scores ** (1 / 4), dtype=np.float32)


def _alike(colours: NDArray[np.float32], above: NDArray[np.float32], period: int) -> float:
    """Mean correlation of the spectral shape of loud frames with that of loud frames one period later."""
    weights = above[:-period] * above[period:]
    shared = np.sum(colours[:-period] * colours[period:], axis=1)
    return float(np.sum(weights * shared) / max(1e-6, float(weights.sum())))


def _colours(samples: Samples, frames: int) -> NDArray[np.float32]:
    """Loudness of ten bands per coarse frame without its mean, as vectors of length 1, shape (frames, bands)."""
    padded = np.pad(samples, (_BURST_FFT // 2 - _COARSE // 2, _BURST_FFT))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, _BURST_FFT)[::_COARSE][:frames]
    spectrum = np.fft.rfft(pieces * np.hanning(_BURST_FFT).astype(np.float32), axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    bands = 10.0 * np.log10(np.add.reduceat(power, _BANDS, axis=1)[:, :-1] + _LEAST_POWER)
    bands -= bands.mean(axis=1, keepdims=True)
    return np.asarray(bands / np.maximum(np.linalg.norm(bands, axis=1, keepdims=True), 1e-6), dtype=np.float32)


def _ramp(value: NDArray[np.floating], low: float, high: float) -> NDArray[np.floating]:
    return np.asarray(np.clip((value - low) / (high - low), 0.0, 1.0))


def _loudness(samples: Samples, size: int) -> NDArray[np.float32]:
    whole = len(samples) // size * size
    power = np.square(samples[:whole]).reshape(-1, size).mean(axis=1)
    return np.asarray(10.0 * np.log10(power + _LEAST_POWER), dtype=np.float32)


def _roughness(samples: Samples) -> float:
    """Of the sound above some 1 kHz, which its first difference brings out."""
    whole = len(samples) // _FINE * _FINE
    power = np.square(np.diff(samples[:whole], prepend=samples[:1])).reshape(-1, _FINE).mean(axis=1, dtype=np.float64)
    trend = np.convolve(np.pad(power, _TREND // 2, mode="edge"), np.full(_TREND, 1 / _TREND), mode="valid")
    return float(np.std(power / (trend + _LEAST_POWER)))


def _ground(decibels: NDArray[np.floating]) -> NDArray[np.floating]:
    """Running mean over `_AROUND` bins."""
    half = _AROUND // 2
    sums = np.cumsum(np.pad(decibels, ((0, 0), (half + 1, half)), mode="edge"), axis=1)
    return np.asarray((sums[:, _AROUND:] - sums[:, :-_AROUND]) / _AROUND)


__all__ = ["BURST_FRAMES", "UNIT_MS", "Measures", "laughing", "measure", "tonality"]
