"""How the speakers of constructed talks speak: their own level, and how far each passage and utterance is from it.

A highlight is said a little louder, higher, livelier and faster, by `EFFECT` standard deviations of what one speaker
varies by. That involved speakers raise energy and pitch above their own level is known from meetings (Wrede and
Shriberg, "Spotting hot spots in meetings", Eurospeech 2003). The size is an assumption, since nothing here measured it:
0.4 is between a small and a medium effect (Cohen), small enough that no voice alone tells a highlight: whoever puts
the border in the middle is right in 58 % of the utterances.

What one speaker varies by was measured on the readers of `processors/speech/emotion.py` (43 utterances: pitch 0.7 to
2.4 semitones, loudness 1.0 to 1.8 dB, logarithm of the rate 0.14 to 0.17, of the variation 0.18 to 0.31).
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Final

EFFECT: Final = 0.4
# Standard deviations within a speaker, the upper end of those above, since readers are even.
PITCH_ST: Final = 2.0
LOUDNESS_DB: Final = 1.8
LOG_RATE: Final = 0.16
LOG_VARIATION: Final = 0.28
# Of that variance so much is between passages: a lively story stays lively for some sentences, and so does a filler.
_BETWEEN: Final = 0.5
# Voices of women and men (Hz), and how far people differ in each thing.
_PITCHES_HZ: Final = (200.0, 118.0)
_PITCH_SPREAD_ST: Final = 1.5
_RATE_WORDS_S: Final = 2.75  # without pauses: 165 words a minute
_RATE_SPREAD: Final = 0.10  # of the logarithm
_LEVEL_DB: Final = -23.0
_LEVEL_SPREAD_DB: Final = 2.5
_VARIATION_ST: Final = 2.6
_VARIATION_SPREAD: Final = 0.2  # of the logarithm


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker's own level.

    Attributes:
        pitch_hz: median of the fundamental.
        variation_st: standard deviation of the fundamental.
        loudness_db: relative to full scale.
        words_per_s: without pauses.
    """

    pitch_hz: float
    variation_st: float
    loudness_db: float
    words_per_s: float


@dataclass(frozen=True, slots=True)
class Manner:
    """How far from the own level something is said, each in standard deviations within a speaker."""

    pitch: float
    loudness: float
    rate: float
    variation: float


def voice(source: random.Random) -> Voice:
    """A speaker."""
    return Voice(
        source.choice(_PITCHES_HZ) * 2.0 ** (source.gauss(0.0, _PITCH_SPREAD_ST) / 12.0),
        _VARIATION_ST * math.exp(source.gauss(0.0, _VARIATION_SPREAD)),
        _LEVEL_DB + source.gauss(0.0, _LEVEL_SPREAD_DB),
        _RATE_WORDS_S * math.exp(source.gauss(0.0, _RATE_SPREAD)),
    )


def of_passage(is_highlight: bool, source: random.Random) -> Manner:
    """What all utterances of a passage share: an excited voice is louder, higher, livelier and faster all at once.

    With a draw for each of the four, they would tell together what none of them may tell alone: the area under the
    curve of their sum over a passage was 0.745, with one draw it is 0.63 to 0.66.
    """
    excitement = source.gauss(EFFECT if is_highlight else 0.0, math.sqrt(_BETWEEN))
    return Manner(excitement, excitement, excitement, excitement)


def of_utterance(passage: Manner, source: random.Random) -> Manner:
    """That of one utterance of the passage."""
    spread = math.sqrt(1.0 - _BETWEEN)
    return Manner(
        passage.pitch + source.gauss(0.0, spread),
        passage.loudness + source.gauss(0.0, spread),
        passage.rate + source.gauss(0.0, spread),
        passage.variation + source.gauss(0.0, spread),
    )


def spoken(own: Voice, manner: Manner) -> Voice:
    """A voice in that manner."""
    return Voice(
        own.pitch_hz * 2.0 ** (PITCH_ST * manner.pitch / 12.0),
        own.variation_st * math.exp(LOG_VARIATION * manner.variation),
        min(0.0, own.loudness_db + LOUDNESS_DB * manner.loudness),
        own.words_per_s * math.exp(LOG_RATE * manner.rate),
    )


__all__ = ["EFFECT", "LOG_RATE", "LOG_VARIATION", "LOUDNESS_DB", "PITCH_ST", "Manner", "Voice", "of_passage",
           "of_utterance", "spoken", "voice"]  # fmt: skip
