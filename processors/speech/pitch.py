"""Fundamental frequency of a voice, frame by frame.

After Boersma (1993), "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a
sampled sound": the autocorrelation of a windowed frame, divided by that of the window, has its peaks at the periods; of
the candidates of all frames the path with the least cost is kept (Viterbi), so that the octave does not jump. Constants
without a comment are his.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.speech.vad import SAMPLE_RATE, Samples

HOP_MS: Final = 10
FLOOR_HZ: Final = 75.0
CEILING_HZ: Final = 600.0
# Half the rate does: the fundamental and the harmonics that carry it lie below 4 kHz. Half the time, too.
_RATE: Final = SAMPLE_RATE // 2
_HOP: Final = _RATE * HOP_MS // 1000
_WINDOW: Final = 320  # 40 ms, three periods of the floor
_FFT: Final = 512  # holds the window and the longest lag (107) without wrapping round
_FIRST_LAG: Final = int(_RATE / CEILING_HZ)  # samples
_LAST_LAG: Final = int(_RATE / FLOOR_HZ) + 1
# Samples on either side from which the correlation half a sample beside a peak is interpolated.
_SINC: Final = 4
_CANDIDATES: Final = 4
# Per octave, in the choice of candidates: every multiple of a period is a peak, too, and between samples a short period
# loses more of its height, so that the true one of 590 Hz was not among the four highest.
_HANDICAP: Final = 0.06
_SILENCE: Final = 0.03  # of the chunk's peak
_VOICING: Final = 0.45
_OCTAVE_COST: Final = 0.01
_JUMP_COST: Final = 0.35
_SWITCH_COST: Final = 0.14
# Half-band low-pass before every second sample is dropped: 8 odd taps on either side, -50 dB from 4.6 kHz on.
_REACH: Final = 8
# A frame whose amplitude is below this part of the chunk's is unvoiced whatever its period: what the silence adds to
# the unvoiced state is more than any peak (1) and two switches can outweigh.
_CERTAIN_SILENCE: Final = 0.024
_BLOCK: Final = 256  # frames transformed at a time, 1 MB with all that is made of them: 1024 took half as long again

Track = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pitch:
    """Pitch of a stretch of sound.

    Attributes:
        hz: fundamental per frame, shape (n,), float32, `FLOOR_HZ`..`CEILING_HZ`, NaN where the frame is not voiced.
        strength: how periodic the frame is at that period, 0..1, shape (n,), float32; 0 where it is not voiced.

    Frame i is centred at (i + 0.5) * `HOP_MS` from the first sample.
    """

    hz: Track
    strength: Track


def pitch_track(samples: Samples) -> Pitch:
    """Follow the fundamental.

    Args:
        samples: mono, 16 kHz, float32, shape (n,).

    Returns:
        One frame for each whole `HOP_MS`; none for less.

    Raises:
        ValueError: not one-dimensional float32.
    """
    if samples.ndim != 1 or samples.dtype != np.float32:
        raise ValueError(f"expected mono float32 samples, got shape {samples.shape} of {samples.dtype}")
    count = len(samples) * 1000 // (SAMPLE_RATE * HOP_MS)
    if count == 0:
        return Pitch(np.zeros(0, np.float32), np.zeros(0, np.float32))
    halved = np.pad(_halved(samples), (_WINDOW // 2 - _HOP // 2, _WINDOW))
    frames = np.lib.stride_tricks.sliding_window_view(halved, _WINDOW)[::_HOP][:count]
    amplitude = np.abs(halved[_WINDOW // 2 - _HOP // 2 :][: count * _HOP]).reshape(count, _HOP).max(axis=1)
    amplitude = np.maximum(amplitude, np.maximum(np.append(amplitude[1:], 0), np.append(0, amplitude[:-1])))
    amplitude /= max(float(amplitude.max()), 1e-9)
    lags, heights = np.zeros((2, count, _CANDIDATES), dtype=np.float32)
    heard = np.flatnonzero(amplitude > _CERTAIN_SILENCE)
    for first in range(0, len(heard), _BLOCK):
        part = heard[first : first + _BLOCK]
        lags[part], heights[part] = _candidates(frames[part])
    return _path(lags, heights, amplitude)


def _halved(samples: Samples) -> Samples:
    """Every second sample of the sound below 4 kHz. Half-band: of the even taps only the middle one is not 0."""
    even, odd = samples[::2], samples[1::2]
    around = np.convolve(np.pad(odd, (_REACH, len(even) - len(odd) + _REACH - 1)), _odd_taps(), mode="valid")
    return np.asarray(0.5 * even + around, dtype=np.float32)


@cache
def _odd_taps() -> Samples:
    at = np.arange(-2 * _REACH + 1, 2 * _REACH, 2)
    taps = 0.5 * np.sinc(at / 2) * (0.54 + 0.46 * np.cos(np.pi * at / (2 * _REACH)))
    return np.asarray(0.5 * taps / taps.sum(), dtype=np.float32)


@cache
def _window() -> tuple[Samples, Samples]:
    """(the window, one over its own normalised autocorrelation at the lags that are looked at)."""
    window = np.hanning(_WINDOW + 2)[1:-1]
    own = np.fft.irfft(np.abs(np.fft.rfft(window, _FFT)) ** 2, _FFT)[: _LAST_LAG + _SINC + 1]
    return window.astype(np.float32), (own[0] / own).astype(np.float32)


@cache
def _half() -> Samples:
    """Weights of the samples -3..4 for the value at 0.5: a sinc under a raised cosine."""
    at = np.arange(1 - _SINC, _SINC + 1) - 0.5
    weights = np.sinc(at) * (0.5 + 0.5 * np.cos(np.pi * at / (_SINC + 0.5)))
    return np.asarray(weights / weights.sum(), dtype=np.float32)


def _candidates(frames: Samples) -> tuple[Samples, Samples]:
    """Of each frame: the lags of its highest peaks (0: none) and their heights."""
    window, correction = _window()
    levelled = frames - frames.mean(axis=1, keepdims=True)
    levelled *= window
    spectrum = np.fft.rfft(levelled, _FFT)
    power = spectrum.real**2
    power += spectrum.imag**2
    correlation = np.fft.irfft(power, _FFT)[:, : _LAST_LAG + _SINC + 1]
    correlation = correlation * correction / np.maximum(correlation[:, :1], 1e-12)
    before, at, after = (correlation[:, _FIRST_LAG + k : _LAST_LAG + k] for k in (-1, 0, 1))
    scores = np.where((at > before) & (at >= after) & (at > 0.5 * _VOICING), at - _handicap(), 0.0)
    best = np.argpartition(scores, -_CANDIDATES, axis=1)[:, -_CANDIDATES:]
    rows, places = np.nonzero(np.take_along_axis(scores, best, axis=1) > 0.0)
    lag = best[rows, places] + _FIRST_LAG
    first = rows * correlation.shape[1] + lag
    around = np.take(correlation.ravel(), first[:, None] + np.arange(-_SINC, _SINC + 1))
    halves = np.stack((around[:, _SINC - 1], around[:, :-1] @ _half(), around[:, _SINC], around[:, 1:] @ _half(),
                       around[:, _SINC + 1]))  # fmt: skip
    middle = halves[1:4].argmax(axis=0) + 1
    every = np.arange(len(rows))
    left, top, right = (halves[middle + k, every] for k in (-1, 0, 1))
    bend = np.minimum(left - 2 * top + right, -1e-9)
    shift = np.clip(0.5 * (left - right) / bend, -0.5, 0.5)  # in half samples, like `middle`
    lags, heights = np.zeros((2, len(frames), _CANDIDATES), dtype=np.float32)
    lags[rows, places] = lag + 0.5 * (middle - 2 + shift)
    heights[rows, places] = np.minimum(top - 0.25 * (left - right) * shift, 1.0)
    return lags, heights


@cache
def _handicap() -> Samples:
    costs = _HANDICAP * np.log2(np.arange(_FIRST_LAG, _LAST_LAG) / _FIRST_LAG)
    return np.asarray(costs, dtype=np.float32)


def _path(lags: Samples, heights: Samples, amplitude: Samples) -> Pitch:
    """The cheapest path. Frames without a candidate are unvoiced for sure and part the stretches between them.

    All stretches are walked side by side, longest first: a step costs the same for one as for fifty.
    """
    count = len(lags)
    octaves = np.log2(np.maximum(lags, 1.0))
    gains = np.full((count, _CANDIDATES + 1), -1e3, dtype=np.float32)  # column 0: unvoiced
    gains[:, 0] = _VOICING + np.maximum(0.0, 2.0 - amplitude / _SILENCE * (1.0 + _VOICING))
    gains[:, 1:] = np.where(lags > 0, heights - _OCTAVE_COST * (octaves - np.log2(_FIRST_LAG)), -1e3)
    open_ = np.concatenate(([False], (gains[:, 1:] > gains[:, :1] - 2 * _SWITCH_COST).any(axis=1), [False]))
    edges = np.flatnonzero(np.diff(open_.astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    order = np.argsort(starts - ends, kind="stable")
    starts, lengths = starts[order], (ends - starts)[order]
    chosen = np.zeros(count, dtype=np.int64)
    if len(starts):
        _walk(gains, octaves, starts, lengths, chosen)
    rows, voiced = np.arange(count), chosen > 0
    column = np.maximum(chosen - 1, 0)
    hz = np.where(voiced, _RATE / np.maximum(lags[rows, column], 1.0), np.nan)
    strength = np.where(voiced, np.clip(heights[rows, column], 0.0, 1.0), 0.0)
    return Pitch(np.clip(hz, FLOOR_HZ, CEILING_HZ).astype(np.float32), strength.astype(np.float32))


def _walk(
    gains: Samples,
    octaves: Samples,
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    chosen: NDArray[np.int64],
) -> None:
    """Viterbi over every stretch, beginning and ending unvoiced; writes the states into `chosen`."""
    longest, states = int(lengths[0]), _CANDIDATES + 1
    moves = np.full((len(gains), states, states), -_SWITCH_COST, dtype=np.float32)  # from the frame before
    moves[1:, 1:, 1:] = -_JUMP_COST * np.abs(octaves[:-1, :, None] - octaves[1:, None, :])
    moves[:, 0, 0] = 0.0
    moves += gains[:, None, :]
    alive = np.searchsorted(-lengths, -np.arange(longest), side="left")  # stretches longer than each step
    total = gains[starts].copy()
    total[:, 1:] -= _SWITCH_COST
    back = np.zeros((longest, len(starts), states), dtype=np.int8)
    for step in range(1, longest):
        count = alive[step]
        reached = moves[starts[:count] + step]
        reached += total[:count, :, None]
        back[step, :count] = reached.argmax(axis=1)
        total[:count] = reached.max(axis=1)
    total[:, 1:] -= _SWITCH_COST
    state = total.argmax(axis=1)
    for step in range(longest - 1, -1, -1):
        count = alive[step]
        chosen[starts[:count] + step] = state[:count]
        state[:count] = back[step, :count][np.arange(count), state[:count]]


__all__ = ["CEILING_HZ", "FLOOR_HZ", "HOP_MS", "Pitch", "pitch_track"]
