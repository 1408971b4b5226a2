"""The sound track: the spoken clips over a quiet bed of chords and surf, with one stretch of real silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ops.sample.speech import RATE_HZ, SAMPLES_PER_MS, Samples
from ops.sample.storyboard import BED_FADE_MS, FPS, LINES, Timeline

SEED: Final = 20
PAD_DBFS: Final = -42.0
SURF_DBFS: Final = -50.0
"""Bed levels (RMS): 22 dB below the speech and more, so that it is heard in the pauses and never masks a word."""
CHORD_S: Final = 6.0
OVERLAP: Final = 0.25
"""A chord begins this share of its length before its turn and ends as much after it."""
CHORDS_HZ: Final = (
    (130.81, 196.00, 246.94, 329.63),  # C major 7
    (110.00, 164.81, 261.63, 329.63),  # A minor
    (87.31, 174.61, 220.00, 329.63),  # F major 7
    (98.00, 146.83, 246.94, 293.66),  # G major
)
ENDS_FADE_MS: Final = 700
"""Fade of the bed at the very start and end."""
LIMIT: Final = 0.98
MOUTH_FULL_DB: Final = -16.0
"""Loudness of a frame (RMS, dBFS) at which the drawn mouth is fully open; closed 24 dB below."""
MOUTH_RANGE_DB: Final = 24.0


def _to_level(track: Samples, dbfs: float) -> Samples:
    """Scale a track to an RMS level."""
    gain = 10 ** (dbfs / 20) / float(np.sqrt(np.mean(track.astype(np.float64) ** 2)))
    return (track * gain).astype(np.float32, copy=False)


def _pad(count: int) -> Samples:
    """Return ``count`` samples of slow chords that swell and overlap."""
    time = np.arange(count, dtype=np.float64) / RATE_HZ
    track = np.zeros(count)
    for number in range(int(time[-1] // CHORD_S) + 1):
        local = (time - number * CHORD_S) / CHORD_S
        swell = np.sin(np.pi * np.clip((local + OVERLAP) / (1 + 2 * OVERLAP), 0, 1)) ** 2
        for voice, pitch in enumerate(CHORDS_HZ[number % len(CHORDS_HZ)]):
            shimmer = 1.0 + 0.12 * np.sin(2 * np.pi * (0.21 + 0.05 * voice) * time)
            tone = np.sin(2 * np.pi * pitch * time) + 0.25 * np.sin(4 * np.pi * pitch * time + voice)
            track += swell * shimmer * tone / (1 + 0.4 * voice)
    return track.astype(np.float32)


def _surf(count: int) -> Samples:
    """Return ``count`` samples of seeded noise, dark and slowly rising and falling like waves on a beach."""
    noise = np.fft.rfft(np.random.default_rng(SEED).standard_normal(count))
    pitch = np.fft.rfftfreq(count, 1.0 / RATE_HZ)
    dark = np.fft.irfft(noise / (1.0 + (pitch / 500.0) ** 2) * (pitch > 60.0), n=count)
    time = np.arange(count) / RATE_HZ
    return (dark * (0.35 + 0.65 * np.sin(np.pi * time / 5.3) ** 2)).astype(np.float32)


def _gate(timeline: Timeline) -> Samples:
    """Return the gain of the bed, 0..1 per sample: zero in the silence, faded there and at the ends of the film."""
    silence = timeline.silence
    marks_ms = [0, ENDS_FADE_MS, silence.start_ms - BED_FADE_MS, silence.start_ms, silence.end_ms]
    marks_ms += [silence.end_ms + BED_FADE_MS, timeline.duration_ms - ENDS_FADE_MS, timeline.duration_ms]
    gains = (0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0)
    places = np.arange(timeline.duration_ms * SAMPLES_PER_MS)
    return np.interp(places, np.array(marks_ms) * SAMPLES_PER_MS, gains).astype(np.float32)


def track(clips: Sequence[Samples], timeline: Timeline) -> Samples:
    """Return the finished sound: mono float32, 48 kHz, exactly as long as the film."""
    count = timeline.duration_ms * SAMPLES_PER_MS
    whole = (_to_level(_pad(count), PAD_DBFS) + _to_level(_surf(count), SURF_DBFS)) * _gate(timeline)
    for spoken, span in zip(clips, timeline.lines, strict=True):
        start = span.start_ms * SAMPLES_PER_MS
        whole[start : start + len(spoken)] += spoken
    return np.asarray(np.clip(whole, -LIMIT, LIMIT), dtype=np.float32)


def mouth(clips: Sequence[Samples], timeline: Timeline, speaker: str) -> Samples:
    """Return how far the mouth of ``speaker`` is open in each frame of the film, 0 to 1."""
    per_frame = RATE_HZ // FPS
    voice = np.zeros(timeline.duration_ms * SAMPLES_PER_MS)
    for spoken, span, line in zip(clips, timeline.lines, LINES, strict=True):
        if line.speaker == speaker:
            start = span.start_ms * SAMPLES_PER_MS
            voice[start : start + len(spoken)] += spoken
    power = np.mean(voice.reshape(-1, per_frame) ** 2, axis=1)
    opened = np.clip((10 * np.log10(power + 1e-12) - MOUTH_FULL_DB) / MOUTH_RANGE_DB + 1.0, 0.0, 1.0)
    around = np.pad(opened, 1)  # smoothed over three frames, or the lips would flicker
    return np.asarray(0.25 * around[:-2] + 0.5 * around[1:-1] + 0.25 * around[2:], dtype=np.float32)
