"""How something was said: pitch, loudness, speed and pauses of an utterance, from the contours of its chunk.

A value is None where the sound is too weak or too short to tell: an invented number would be ranked like a real one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.domain import VoiceFeatures, Word
from processors.speech.pitch import HOP_MS, Pitch, pitch_track
from processors.speech.vad import SAMPLE_RATE, Samples

_HOP_SAMPLES: Final = SAMPLE_RATE * HOP_MS // 1000
FLOOR_DB: Final = -90.0  # loudness of digital silence, about the noise of 16 bits
WEAK_DB: Final = -60.0  # a voice whose loudest tenth is below this is one of the noise's own
_LOUDNESS_HOPS: Final = 50 // HOP_MS  # loudness is that of 50 ms: a syllable, not a pulse of the vocal cords
_MIN_VOICED: Final = 20  # frames with a pitch, 200 ms: one stressed vowel
_MIN_RANGED: Final = 40  # the same for how much it moves
_MIN_FRAMES: Final = 50  # half a second for shares and loudness
_MIN_WORDS: Final = 3
_MIN_RATED_MS: Final = 500


@dataclass(frozen=True, slots=True)
class Contours:
    """Pitch and loudness of a chunk.

    Attributes:
        start_ms: of the first frame, on the timeline.
        pitch: a frame each `HOP_MS`.
        loudness_db: RMS of the frames relative to full scale, `FLOOR_DB`..0, shape as of the pitch, float32.
    """

    start_ms: int
    pitch: Pitch
    loudness_db: NDArray[np.float32]

    def part(self, start_ms: int, end_ms: int) -> Contours:
        """The frames whose centres lie in [start_ms, end_ms)."""
        first = max(0, -(-(start_ms - self.start_ms - HOP_MS // 2) // HOP_MS))
        last = max(first, -(-(end_ms - self.start_ms - HOP_MS // 2) // HOP_MS))
        pitch = Pitch(self.pitch.hz[first:last], self.pitch.strength[first:last])
        return Contours(self.start_ms + first * HOP_MS, pitch, self.loudness_db[first:last])

    def semitones(self) -> NDArray[np.float64]:
        """Pitch of the voiced frames in semitones above 1 Hz, without jumps of the octave, shape (m,)."""
        hz = self.pitch.hz[~np.isnan(self.pitch.hz)].astype(np.float64)
        if not len(hz):
            return hz
        # De Looze and Hirst (2008): bounds of a speaker's range from two quantiles of a first pass
        low, high = quantiles(hz, 0.35, 0.65)
        kept = hz[(hz >= 0.72 * low - 10) & (hz <= 1.9 * high + 10)]
        return np.asarray(12.0 * np.log2(kept))

    def level_db(self) -> float | None:
        """Loudness of the loud tenth, in dB, <= 0; None where there is nothing or less than `WEAK_DB`."""
        if not len(self.loudness_db):
            return None
        (level,) = quantiles(self.loudness_db, 0.9)
        return level if level >= WEAK_DB else None


def contours(samples: Samples, start_ms: int) -> Contours:
    """Pitch and loudness of a chunk.

    Args:
        samples: mono, 16 kHz, float32, shape (n,), as recorded (not levelled).
        start_ms: of the first sample.
    """
    count = len(samples) // _HOP_SAMPLES
    power = np.square(samples[: count * _HOP_SAMPLES], dtype=np.float32).reshape(count, _HOP_SAMPLES).mean(axis=1)
    loudness = 10.0 * np.log10(np.maximum(power, 10.0 ** (FLOOR_DB / 10)))
    return Contours(start_ms, pitch_track(samples), np.minimum(loudness, 0.0).astype(np.float32))


def voice_features(words: Sequence[Word], chunk: Contours, before_ms: int | None) -> VoiceFeatures:
    """Describe the voice of an utterance.

    Args:
        words: of the utterance, in time order, not empty.
        chunk: contours of the chunk that it lies in.
        before_ms: end of the last word before it in the chunk; None when there is none.

    Returns:
        Values rounded to 4 digits, in the units and ranges of `VoiceFeatures`.
    """
    start_ms, end_ms = words[0].start_ms, words[-1].end_ms
    part = chunk.part(start_ms, end_ms)
    audible = part.level_db() is not None
    pitch = part.semitones() if audible else np.zeros(0)
    ranged = len(pitch) >= _MIN_RANGED
    frames = len(part.loudness_db)
    return VoiceFeatures(
        pitch_hz=_rounded(2.0 ** (quantiles(pitch, 0.5)[0] / 12)) if len(pitch) >= _MIN_VOICED else None,
        pitch_range_st=_span(pitch, 0.05, 0.95) if ranged else None,
        pitch_variation_st=_rounded(np.std(pitch)) if ranged else None,
        loudness_range_db=_loudness_range(part) if audible and frames >= _MIN_FRAMES else None,
        speech_rate=_rate(len(words), end_ms - start_ms),
        pause_ms=None if before_ms is None else max(0, start_ms - before_ms),
        voiced=_rounded(np.mean(~np.isnan(part.pitch.hz))) if audible and frames >= _MIN_FRAMES else None,
    )


def quantiles(values: NDArray[np.floating], *shares: float) -> list[float]:
    """The values at the given shares (0..1) of them in order; for a word's few a tenth of the time of `percentile`."""
    ordered = np.sort(values)
    return [float(ordered[round(share * (len(ordered) - 1))]) for share in shares]


def _loudness_range(part: Contours) -> float:
    whole = len(part.loudness_db) // _LOUDNESS_HOPS * _LOUDNESS_HOPS
    power = 10.0 ** (part.loudness_db[:whole].reshape(-1, _LOUDNESS_HOPS).astype(np.float64) / 10)
    return _span(10.0 * np.log10(power.mean(axis=1)), 0.10, 0.95)


def _span(values: NDArray[np.floating], first: float, last: float) -> float:
    low, high = quantiles(values, first, last)
    return _rounded(high - low)


def _rate(words: int, length_ms: int) -> float | None:
    return _rounded(1000.0 * words / length_ms) if words >= _MIN_WORDS and length_ms >= _MIN_RATED_MS else None


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 4)


__all__ = ["FLOOR_DB", "WEAK_DB", "Contours", "contours", "quantiles", "voice_features"]
