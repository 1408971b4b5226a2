"""A guess at the feeling of an utterance: valence from its words, arousal from its voice, a label from both.

Arousal shows in a voice that is higher, louder, faster and more varied than its speaker's own (Juslin and Laukka, 2003,
a review of 104 studies of acted and natural speech); the speaker's own level is the median of the utterances around it,
so that neither a high voice nor a near microphone counts as excited. Valence is hardly heard in a voice; words tell it.

The probability is the label's share of the evidence, with what speaks for no feeling at all. It orders guesses; it is
not the share of listeners who would agree, which nothing here was measured against (docs/quality.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from processors.domain import Emotion, Utterance
from processors.speech.sentiment import Told, told

_MIN_WORDS: Final = 4  # "Yes." and "All right then." tell nothing
# Arousal of a voice at its own level, and what each thing adds: per unit, each held to two units. A unit is a little
# more than the standard deviation between the utterances of one reader, which is no excitement yet (three readers, 43
# utterances: pitch 0.7 to 2.4 st, loudness 1.0 to 1.8 dB; logarithms of rate 0.14 to 0.17, of variation 0.18 to 0.31).
_CALM: Final = 0.35
_UNITS: Final = {"pitch": (2.0, 0.14), "level": (3.0, 0.12), "rate": (0.2, 0.06), "variation": (0.3, 0.06)}
_MOST_UNITS: Final = 2.0
_EXCLAMATION: Final = 0.08
# Evidence for each label: words that name it, and where valence and arousal lie. Neutral starts with a share, which
# rated words and an aroused voice take from it.
_HIT: Final = 0.5
_MOST_HITS: Final = 2
_NEUTRAL: Final = 0.55
_ORDER: Final = ("neutral", "joy", "anger", "sadness", "fear", "surprise")  # the first of equals wins


def emotions(utterances: Sequence[Utterance], levels_db: Sequence[float | None]) -> list[Emotion | None]:
    """Guess the emotion of each utterance of a chunk.

    Args:
        utterances: with their voices.
        levels_db: loudness of the voice of each in dB, None where it is too weak.

    Returns:
        None for an utterance of fewer than 4 words, without a pitch, or in a language without ratings of words.
    """
    heard = [_measures(utterance, level) for utterance, level in zip(utterances, levels_db, strict=True)]
    usual = {
        name: float(np.median(values)) if (values := [m[name] for m in heard if m is not None and name in m]) else None
        for name in _UNITS
    }
    return [_emotion(utterance, own, usual) for utterance, own in zip(utterances, heard, strict=True)]


def _measures(utterance: Utterance, level_db: float | None) -> dict[str, float] | None:
    """What of the voice tells arousal; pitch in semitones, rate and variation as logarithms."""
    voice = utterance.voice
    if voice is None or voice.pitch_hz is None or level_db is None:
        return None
    found = {"pitch": 12.0 * float(np.log2(voice.pitch_hz)), "level": level_db}
    if voice.speech_rate:
        found["rate"] = float(np.log(voice.speech_rate))
    if voice.pitch_variation_st:
        found["variation"] = float(np.log(voice.pitch_variation_st))
    return found


def _emotion(utterance: Utterance, own: dict[str, float] | None, usual: dict[str, float | None]) -> Emotion | None:
    words = [word.text for word in utterance.words]
    text = told(words, utterance.language)
    if own is None or text is None or len(words) < _MIN_WORDS:
        return None
    arousal = _CALM + (_EXCLAMATION if "!" in utterance.text else 0.0)
    for name, (unit, weight) in _UNITS.items():
        middle = usual[name]
        if middle is not None and name in own:
            arousal += weight * float(np.clip((own[name] - middle) / unit, -_MOST_UNITS, _MOST_UNITS))
    arousal = min(1.0, max(0.0, arousal))
    evidence = _evidence(text, arousal)
    total = sum(evidence.values())
    label = max(_ORDER, key=lambda name: evidence[name])
    return Emotion(round(text.valence, 4), round(arousal, 4), label, round(evidence[label] / total, 4))


def _evidence(text: Told, arousal: float) -> dict[str, float]:
    pleasant, unpleasant = max(0.0, text.valence), max(0.0, -text.valence)
    excited = max(0.0, arousal - _CALM) / (1.0 - _CALM)
    found = {name: _HIT * min(_MOST_HITS, count) for name, count in text.hits.items()}
    found["joy"] += pleasant * (0.6 + 0.4 * excited)
    found["anger"] += unpleasant * (0.2 + 0.6 * excited)
    found["sadness"] += unpleasant * (0.5 - 0.4 * excited)
    found["fear"] += unpleasant * (0.2 + 0.2 * excited)
    found["surprise"] += 0.1 * excited
    found["neutral"] = _NEUTRAL * (1.0 - 0.5 * abs(text.valence)) * (1.0 - 0.4 * excited)
    return found


__all__ = ["emotions"]
