"""Log mel filter banks as Kaldi computes them: what networks that were trained on Kaldi's features must be given.

Source: Kaldi's `compute-fbank-feats` with dither 0 and its other defaults: frames of 25 ms every 10 ms without padding
at the edges, mean removed, pre-emphasis 0.97, Povey's window, power spectrum of 512 points, 80 triangles between 20 Hz
and 8 kHz on the mel scale, natural logarithm.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from processors.speech.vad import SAMPLE_RATE, Samples

Floats = NDArray[np.float32]

BANDS: Final = 80
FRAME_SAMPLES: Final = SAMPLE_RATE * 25 // 1000
STEP_SAMPLES: Final = SAMPLE_RATE * 10 // 1000
STEP_MS: Final = 10
_POINTS: Final = 512
_LOWEST_HZ: Final = 20.0
_EMPHASIS: Final = 0.97
_LEAST: Final = float(np.finfo(np.float32).eps)  # Kaldi's floor below the logarithm
_SCALE: Final = np.float32(32_768)  # Kaldi's samples are 16-bit numbers; the floor is relative to those


def fbank(samples: Samples) -> Floats:
    """Log energies of a sound in 80 bands.

    Args:
        samples: mono, 16 kHz, float32 in -1..1, shape (n,).

    Returns:
        Shape (frames, 80), float32; one frame each 10 ms, the first over 0..25 ms; (0, 80) for less than 25 ms.
    """
    count = 1 + (len(samples) - FRAME_SAMPLES) // STEP_SAMPLES if len(samples) >= FRAME_SAMPLES else 0
    if count == 0:
        return np.zeros((0, BANDS), dtype=np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_SAMPLES)[::STEP_SAMPLES][:count] * _SCALE
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate((frames[:, :1], frames[:, :-1]), axis=1)
    frames = (frames - np.float32(_EMPHASIS) * before) * _window()
    spectrum = np.fft.rfft(frames, _POINTS, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    logs: Floats = np.log(np.maximum(power @ _filters(), _LEAST)).astype(np.float32)
    return logs


@cache
def _window() -> Floats:
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME_SAMPLES) / (FRAME_SAMPLES - 1))
    return np.power(hann, 0.85).astype(np.float32)


@cache
def _filters() -> Floats:
    """Shape (257, 80): triangles whose corners lie evenly on the mel scale."""
    lowest, highest = _mel(np.array([_LOWEST_HZ, SAMPLE_RATE / 2]))
    corners = np.linspace(lowest, highest, BANDS + 2)
    bins = _mel(np.arange(_POINTS // 2 + 1) * (SAMPLE_RATE / _POINTS))[:, None]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    filters: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    filters[-1] = 0.0  # Kaldi leaves out the bin of half the sample rate
    return filters.astype(np.float32)


def _mel(hz: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    mel: NDArray[np.float64] = 1127.0 * np.log1p(hz / 700.0)
    return mel


__all__ = ["BANDS", "FRAME_SAMPLES", "STEP_MS", "STEP_SAMPLES", "fbank"]
