"""What is heard where nobody speaks: music, noise, applause, laughter. Silence is none of them.

::

    samples without words -> stretches of at most 10 s -> units of 1 s -> kind of each -> neighbours joined

A unit's kind comes from the measures of `processors.speech.acoustics` by the limits below, its spectral peaks taken
over the unit and its neighbours, as a tone must last to be music. Laughter has a grid of its own: its bursts are short.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from processors.domain import MAX_SOUNDS, ChunkTranscript, Sound
from processors.speech.acoustics import BURST_FRAMES, UNIT_MS, Measures, laughing, measure, tonality
from processors.speech.vad import SAMPLE_RATE, Samples

# Below this it counts as silence: rooms and recorders rustle at -50 to -70 dB, music meant to be heard is above.
SILENCE_DB: Final = -48.0
# Music by the steadiness of its peaks, 0..5: 2.7 to 4.8 in the music of two films and a generated one, 0.8 to 1.1 in
# white, pink and brown noise. Speech would reach 1.2 to 3.0, but is not among what is looked at.
_MUSIC: Final = (1.6, 2.8)
_HUM_STEADINESS_DB: Final = 0.6  # tones that do not move at all are a machine; the steadiest music had 1.8
# Applause: many short claps, between 1 and 5 kHz, no tones; (low, high) of a ramp each. Generated applause of 60 to
# 1,500 claps a second against steady noises: roughness 0.44 to 1.9 and 0.16 to 0.22; middle 0.66 to 0.88 (with as loud
# a pink noise behind it) and 0.1 to 0.7. White noise fails by its roughness, an engine's pulses by their middle.
_ROUGHNESS: Final = (0.3, 0.5)
_MIDDLE: Final = (0.54, 0.66)
_FLATNESS: Final = (0.1, 0.2)
_TONES: Final = (1.2, 1.6)
_SURE: Final = 0.5  # of music and applause; what is neither, and not silent, is noise
# 82 files with 15 minutes of speech and music reached 0.77 in single windows; generated laughter, with noise 10 dB
# below it, 0.9 in most.
_LAUGHTER: Final = 0.82
_LAUGHTER_WINDOWS: Final = 3  # in a row, one each 100 ms
_UNEVEN_DB: Final = 4.0  # a steadier second holds no bursts and is not searched for them

_STRETCH_MS: Final = 10_000  # analysed at a time: bounds the memory
_LEAST_UNIT_MS: Final = 500  # a shorter rest belongs to the unit before it
_LEAST_MS: Final = 1_000  # of a sound; a shorter one is a click or a breath
_JOIN_MS: Final = 1_500  # between two of a kind: one sound
_SAMPLES_PER_MS: Final = SAMPLE_RATE // 1000
# Sound without words in a chunk that is long enough to hold laughter; a word may reach a little into it.
_HOLE_MS: Final = 1_300
_WORD_EDGE_MS: Final = 50


class SoundFinder:
    """Takes in the sound between the chunks of speech and tells at the end what it was."""

    def __init__(self) -> None:
        self._start_ms = 0
        self._pieces: list[Samples] = []
        self._kept = 0
        self._found: list[Sound] = []

    def feed(self, start_ms: int, samples: Samples) -> None:
        """Take in a piece.

        Args:
            start_ms: of its first sample; not before the end of the last piece, a stretch of its own unless just there.
            samples: mono, 16 kHz, float32, whole milliseconds, any number.
        """
        if start_ms != self._start_ms + self._kept // _SAMPLES_PER_MS:
            self._analyse()
        while len(samples):
            if not self._kept:
                self._start_ms = start_ms
            taken = samples[: _STRETCH_MS * _SAMPLES_PER_MS - self._kept]
            self._pieces.append(taken)
            self._kept += len(taken)
            start_ms, samples = start_ms + len(taken) // _SAMPLES_PER_MS, samples[len(taken) :]
            if self._kept == _STRETCH_MS * _SAMPLES_PER_MS:
                self._analyse()

    def finish(self) -> list[Sound]:
        """All sounds in time order, not overlapping unless laughter and applause do; at most `MAX_SOUNDS`."""
        self._analyse()
        return bounded(joined(self._found))

    def _analyse(self) -> None:
        if self._kept:
            self._found += sounds_of(np.concatenate(self._pieces), self._start_ms)
            self._start_ms += self._kept // _SAMPLES_PER_MS
            self._pieces, self._kept = [], 0


def sounds_of(samples: Samples, start_ms: int) -> list[Sound]:
    """The sounds of a stretch without words, units not joined yet.

    Args:
        samples: mono, 16 kHz, float32, shape (n,); less than half a second gives nothing.
        start_ms: of the first sample.
    """
    length_ms = len(samples) // _SAMPLES_PER_MS
    if length_ms < _LEAST_UNIT_MS:
        return []
    bounds = [*range(0, max(1, length_ms - _LEAST_UNIT_MS + 1), UNIT_MS), length_ms]
    units = [measure(samples[first * _SAMPLES_PER_MS : last * _SAMPLES_PER_MS]) for first, last in pairwise(bounds)]
    found = []
    for index, (unit, (first, last)) in enumerate(zip(units, pairwise(bounds), strict=True)):
        around = units[max(0, index - 1) : index + 2]
        kind = _kind(unit, tonality(np.mean([other.active for other in around], axis=0)))
        if kind is not None:
            found.append(Sound(start_ms + first, start_ms + last, *kind))
    uneven = any(unit.steadiness_db >= _UNEVEN_DB and unit.level_db > SILENCE_DB - 10 for unit in units)
    laughter = _laughter(samples, start_ms) if uneven else []
    return [sound for sound in found if not any(_share(sound, other) for other in laughter)] + laughter


def reactions(samples: Samples, chunk: ChunkTranscript) -> list[Sound]:
    """Laughter and applause within a chunk, where it has no words.

    Args:
        samples: of the chunk: mono, 16 kHz, float32.
        chunk: its words and times.
    """
    words = [word for utterance in chunk.utterances for word in utterance.words]
    edges = [(chunk.start_ms, chunk.start_ms), *((w.start_ms, w.end_ms) for w in words), (chunk.end_ms, chunk.end_ms)]
    found = []
    for (_, first_ms), (last_ms, _) in pairwise(edges):
        first, last = first_ms + _WORD_EDGE_MS, last_ms - _WORD_EDGE_MS
        if last - first >= _HOLE_MS:
            begin, end = ((at - chunk.start_ms) * _SAMPLES_PER_MS for at in (first, last))
            found += sounds_of(samples[begin:end], first)
    return joined([sound for sound in found if sound.kind in ("laughter", "applause")])


def joined(sounds: Sequence[Sound], gap_ms: int = _JOIN_MS) -> list[Sound]:
    """Neighbours of a kind as one, with the mean probability; those that are too short then are left out."""
    found: list[Sound] = []
    last: dict[str, int] = {}
    for sound in sorted(sounds, key=_order):
        at = last.get(sound.kind)
        if at is not None and sound.start_ms - found[at].end_ms <= gap_ms and _nothing_between(found[at + 1 :], sound):
            found[at] = _together(found[at], sound)
        else:
            last[sound.kind] = len(found)
            found.append(sound)
    return [sound for sound in sorted(found, key=_order) if sound.end_ms - sound.start_ms >= _LEAST_MS]


def bounded(sounds: Sequence[Sound]) -> list[Sound]:
    """At most `MAX_SOUNDS`: neighbours of a kind are joined over ever longer gaps, then the shortest are left out."""
    found, gap_ms = list(sounds), _JOIN_MS
    while len(found) > MAX_SOUNDS and gap_ms < 60_000:
        gap_ms *= 2
        found = joined(found, gap_ms)
    longest = sorted(found, key=lambda sound: (sound.start_ms - sound.end_ms, sound.start_ms))[:MAX_SOUNDS]
    return sorted(longest, key=_order)


def _kind(unit: Measures, tones: float) -> tuple[str, float] | None:
    if unit.level_db < SILENCE_DB:
        return None
    moves = unit.steadiness_db >= _HUM_STEADINESS_DB
    music = _ramp(tones, *_MUSIC) if moves else 0.0
    claps = (
        _ramp(unit.roughness, *_ROUGHNESS)
        * _ramp(unit.middle, *_MIDDLE)
        * _ramp(unit.flatness, *_FLATNESS)
        * (1.0 - _ramp(tones, *_TONES))
    )
    if claps >= _SURE:
        return "applause", round(claps, 4)
    return ("music", round(music, 4)) if music >= _SURE else ("noise", round(1.0 - max(music, claps), 4))


def _laughter(samples: Samples, start_ms: int) -> list[Sound]:
    scores = laughing(samples)
    above = np.concatenate(([False], scores >= _LAUGHTER, [False])).astype(np.int8)
    edges = np.flatnonzero(np.diff(above))
    return [
        Sound(
            start_ms + int(first) * 100,
            start_ms + (int(last) - 1) * 100 + BURST_FRAMES * 10,
            "laughter",
            round(float(scores[first:last].max()), 4),
        )
        for first, last in zip(edges[::2], edges[1::2], strict=True)
        if last - first >= _LAUGHTER_WINDOWS
    ]


def _nothing_between(behind: Sequence[Sound], sound: Sound) -> bool:
    """Whether no sound of another kind lies between."""
    return not any(other.end_ms <= sound.start_ms and other.kind != sound.kind for other in behind)


def _together(first: Sound, second: Sound) -> Sound:
    lengths = first.end_ms - first.start_ms, second.end_ms - second.start_ms
    mean = (first.probability * lengths[0] + second.probability * lengths[1]) / max(1, sum(lengths))
    return Sound(first.start_ms, max(first.end_ms, second.end_ms), first.kind, round(mean, 4))


def _share(one: Sound, other: Sound) -> bool:
    return one.start_ms < other.end_ms and other.start_ms < one.end_ms


def _order(sound: Sound) -> tuple[int, int, str]:
    return (sound.start_ms, sound.end_ms, sound.kind)


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


__all__ = ["SILENCE_DB", "SoundFinder", "bounded", "joined", "reactions", "sounds_of"]
