"""How noisy a chunk is: its signal-to-noise ratio, and the same as a number from 0 (clean) to 1 (only noise).

::

    frames of 20 ms    s s s s s s . . n n n n n . . s s s s s s s s s    s speech, n neither it nor near it
    noise power        the median of n          voice power    the mean of s, less the noise that is in it

Where a chunk has too little beside its speech, the noise is read off the quietest moments inside it, as minimum
statistics does (R. Martin, "Noise power spectral density estimation based on optimal smoothing and minimum statistics",
2001), here over all frequencies at once: between words and in stops the voice is gone for some 50 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.speech.vad import SAMPLE_RATE, Samples

_FRAME_MS: Final = 20
_FRAME_SAMPLES: Final = SAMPLE_RATE * _FRAME_MS // 1000
# Beside speech its echo and soft consonants are no noise: the detector is late by a window or two of 32 ms.
_GUARD_FRAMES: Final = 5
# Fewer frames than these 200 ms beside the speech say nothing about the noise.
_MIN_NOISE_FRAMES: Final = 10
_QUIET_SHARE: Final = 0.05  # of the frames of speech, for noise that is read off its quietest moments
# What is heard beside the speech goes on in it, so it is no louder than this share of the speech: what is louder is a
# bang or a cough. One of 78 real clips has that: 20 dB below all of its speech by the median alone, 14 dB above it now.
_STEADY_SHARE: Final = 0.2
_MAX_DB: Final = 60.0  # more than 16 bits hold; digital silence beside speech is this clean
_MIN_DB: Final = -20.0
_FLOOR_POWER: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Noise:
    """What is known of the noise in a piece of sound.

    Attributes:
        snr_db: power of speech over that of the rest, -20..60.
        level: 0 clean .. 1 noise, see `level_of`; to 4 digits.
    """

    snr_db: float
    level: float


def noise_of(samples: Samples, speech_ms: Sequence[tuple[int, int]]) -> Noise | None:
    """Measure the noise of a chunk.

    Args:
        samples: mono, 16 kHz, float32, shape (n,), at the loudness it was recorded with (not levelled).
        speech_ms: spans of speech relative to the first sample, in order.

    Returns:
        The noise; None without speech or without any sound, where there is nothing to compare.
    """
    powers = _frame_powers(samples)
    spoken, near = _masks(len(powers), speech_ms)
    if not spoken.any() or float(powers[spoken].mean()) <= _FLOOR_POWER:
        return None
    heard = float(powers[spoken].mean())
    rest = powers[~near]
    if len(rest) >= _MIN_NOISE_FRAMES:
        noise = min(float(np.median(rest)), float(np.quantile(powers[spoken], _STEADY_SHARE)))
    else:
        noise = float(np.quantile(powers[spoken], _QUIET_SHARE))
    voice = max(heard - noise, _FLOOR_POWER)
    snr_db = float(np.clip(10.0 * np.log10(voice / max(noise, _FLOOR_POWER)), _MIN_DB, _MAX_DB))
    return Noise(round(snr_db, 1), level_of(snr_db))


def level_of(snr_db: float) -> float:
    """The share of the noise in what is heard, by amplitude: 1 / (1 + 10^(SNR / 20)).

    60 dB is 0.001, 30 dB 0.03, 20 dB 0.09, 19.1 dB 0.1, 10 dB 0.24, 0 dB 0.5, -20 dB 0.91.
    """
    share: float = 1.0 / (1.0 + 10.0 ** (snr_db / 20.0))
    return round(share, 4)


def _frame_powers(samples: Samples) -> NDArray[np.float64]:
    whole = len(samples) // _FRAME_SAMPLES
    frames = samples[: whole * _FRAME_SAMPLES].astype(np.float64).reshape(whole, _FRAME_SAMPLES)
    # a constant offset of the converter is no noise that anybody hears
    powers: NDArray[np.float64] = np.var(frames, axis=1)
    return powers


def _masks(frames: int, speech_ms: Sequence[tuple[int, int]]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(frames inside speech, frames inside or near it)."""
    spoken, near = np.zeros(frames, dtype=np.bool_), np.zeros(frames, dtype=np.bool_)
    for start_ms, end_ms in speech_ms:
        first, last = start_ms // _FRAME_MS, -(-end_ms // _FRAME_MS)
        spoken[first:last] = True
        near[max(0, first - _GUARD_FRAMES) : last + _GUARD_FRAMES] = True
    return spoken, near


__all__ = ["Noise", "level_of", "noise_of"]
