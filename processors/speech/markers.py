"""What listeners react to in an utterance: questions, exclamations, stressed words, pauses, laughter, applause.

Punctuation tells questions and exclamations in every script that Whisper writes; the voice tells how strong they are.
Everything else is told by sound alone and knows no language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from processors.domain import Marker, Sound, Utterance, Word
from processors.speech.voice import Contours, quantiles

_CLOSING: Final = "\"'”’»›)]}」』】）*"  # may stand behind the mark that ends a sentence
QUESTION_MARKS: Final = "?？؟⁇⁈⁉\u037e՞፧⸮"
EXCLAMATION_MARKS: Final = "!！‼⁈⁉՜"
_ENDS: Final = QUESTION_MARKS + EXCLAMATION_MARKS + ".…。｡।॥۔"
_GREEK_QUESTION: Final = ";"

# Strength of a question that is only written; the rest is for a voice that rises at its end, in full at 6 semitones.
_WRITTEN_QUESTION: Final = 0.7
_FULL_RISE_ST: Final = 6.0
_TAIL_MS: Final = 350  # the end of a question, over which the voice rises
_MIN_TAIL: Final = 5  # voiced frames in it
# Strength of an exclamation that is only written; the rest is for a voice above its own level, in full at 6 dB.
_WRITTEN_EXCLAMATION: Final = 0.5
_FULL_RAISE_DB: Final = 6.0

# A word is stressed when both its loudness and its pitch stick out of those of the words around it, in robust standard
# deviations of them. Of 844 words, most of them read, 7 do in both, 98 in either.
_EMPHASIS: Final = 1.6
_FULL_EMPHASIS: Final = 4.0
_MIN_WORDS: Final = 6  # fewer have no level to stick out of
_LEAST_SPREAD_DB: Final = 2.0
_LEAST_SPREAD_ST: Final = 1.5
_MIN_VOICED: Final = 5  # frames of a word that have a pitch
_MIN_WORD_MS: Final = 120  # shorter ones are no stressed words

PAUSE_MS: Final = 1_000  # a pause that is noticed; between sentences of readers it was 300 to 800 ms
_FULL_PAUSE_MS: Final = 3_000
_BREAK_MS: Final = 10_000  # longer is no pause of a speaker any more
_REACTION_MS: Final = 1_500  # laughter and applause this long after an utterance are about it
REACTIONS: Final = frozenset({"laughter", "applause"})
# Laughter that the recogniser wrote down; "jaja" is that in Spanish and "yes, yes" in German.
_LAUGHED: Final = re.compile(r"(ha|he|hi|ah|ха|хе|は|ハ|哈|呵|ㅋ|ㅎ|ه)-?(\1-?)+h?", re.IGNORECASE)
_LAUGHED_SPANISH: Final = re.compile(r"(ja|je|ji)-?(\1-?)+j?", re.IGNORECASE)
_WRITTEN_LAUGHTER: Final = 0.6


def markers_of(utterance: Utterance, chunk: Contours, before_ms: int | None, sounds: Sequence[Sound]) -> list[Marker]:
    """Markers of one utterance.

    Args:
        utterance: with its words.
        chunk: contours of its chunk.
        before_ms: end of the last word before it in the chunk; None when there is none.
        sounds: laughter and applause of the chunk.

    Returns:
        In time order. Pauses lie before the utterance, laughter and applause may lie behind it.
    """
    found = [*_sentences(utterance, chunk), *_emphasis(utterance.words, chunk), *_reactions(utterance, sounds)]
    found += [
        Marker("laughter", word.start_ms, word.end_ms, _WRITTEN_LAUGHTER)
        for word in utterance.words
        if _is_laugh(word.text, utterance.language)
    ]
    if before_ms is not None:
        found += _pause(before_ms, utterance.start_ms)
    return sorted(found, key=_order)


def between(transcript: Sequence[Utterance], sounds: Sequence[Sound]) -> list[Utterance]:
    """Add what lies between chunks of speech: pauses, and laughter and applause after an utterance.

    Args:
        transcript: of the whole video, in time order.
        sounds: what is between the chunks.
    """
    reactions = [sound for sound in sounds if sound.kind in REACTIONS]
    found = []
    before_ms: int | None = None
    for utterance in transcript:
        added = _reactions(utterance, reactions)
        if before_ms is not None and not any(s.start_ms < utterance.start_ms and s.end_ms > before_ms for s in sounds):
            added += _pause(before_ms, utterance.start_ms)
        known = {(marker.kind, marker.start_ms) for marker in utterance.markers}
        added = [marker for marker in added if (marker.kind, marker.start_ms) not in known]
        joined = replace(utterance, markers=sorted([*utterance.markers, *added], key=_order)) if added else utterance
        found.append(joined)
        before_ms = utterance.end_ms if before_ms is None else max(before_ms, utterance.end_ms)
    return found


def _sentences(utterance: Utterance, chunk: Contours) -> Iterator[Marker]:
    """Questions and exclamations, each over the sentence that its mark ends."""
    level = chunk.level_db()
    first = 0
    for index, word in enumerate(utterance.words):
        end = word.text.rstrip(_CLOSING)[-1:]
        if not end or end not in _ENDS + _GREEK_QUESTION:
            continue
        start_ms, first = utterance.words[first].start_ms, index + 1
        if end in QUESTION_MARKS or (end == _GREEK_QUESTION and utterance.language == "el"):
            rise = max(0.0, _rise(chunk.part(start_ms, word.end_ms), word.end_ms))
            strength = _WRITTEN_QUESTION + (1 - _WRITTEN_QUESTION) * min(1.0, rise / _FULL_RISE_ST)
            yield Marker("question", start_ms, word.end_ms, round(strength, 4))
        if end in EXCLAMATION_MARKS:
            loud = chunk.part(start_ms, word.end_ms).level_db()
            raised = max(0.0, loud - level) if loud is not None and level is not None else 0.0
            strength = _WRITTEN_EXCLAMATION + (1 - _WRITTEN_EXCLAMATION) * min(1.0, raised / _FULL_RAISE_DB)
            yield Marker("exclamation", start_ms, word.end_ms, round(strength, 4))


def _is_laugh(text: str, language: str) -> bool:
    bare = text.strip(_CLOSING + _ENDS + ",¡([*-")
    spanish = language == "es" and _LAUGHED_SPANISH.fullmatch(bare) is not None
    return spanish or _LAUGHED.fullmatch(bare) is not None


def _rise(sentence: Contours, end_ms: int) -> float:
    """How far the voice is above its median at the end, in semitones; 0 where it cannot be told."""
    tail, all_of_it = sentence.part(end_ms - _TAIL_MS, end_ms).semitones(), sentence.semitones()
    return float(np.median(tail) - np.median(all_of_it)) if len(tail) >= _MIN_TAIL else 0.0


def _emphasis(words: Sequence[Word], chunk: Contours) -> list[Marker]:
    """Words that stick out of the utterance in loudness and in pitch."""
    if len(words) < _MIN_WORDS:
        return []
    measured = []
    for word in words:
        part = chunk.part(word.start_ms, word.end_ms)
        level, pitch = part.level_db(), part.semitones()
        if level is not None and len(pitch) >= _MIN_VOICED:
            measured.append((word, level, quantiles(pitch, 0.5)[0]))
    if len(measured) < _MIN_WORDS:
        return []
    loud = _deviations([level for _, level, _ in measured], _LEAST_SPREAD_DB)
    high = _deviations([pitch for _, _, pitch in measured], _LEAST_SPREAD_ST)
    found = []
    for (word, _, _), above, over in zip(measured, loud, high, strict=True):
        least = min(above, over)
        if least >= _EMPHASIS and word.end_ms - word.start_ms >= _MIN_WORD_MS:
            strength = 0.4 + 0.6 * min(1.0, (least - _EMPHASIS) / (_FULL_EMPHASIS - _EMPHASIS))
            found.append(Marker("emphasis", word.start_ms, word.end_ms, round(strength, 4)))
    return found


def _deviations(values: Sequence[float], least: float) -> list[float]:
    """How far each value is above the median, in robust standard deviations of at least `least`."""
    middle = float(np.median(values))
    spread = max(least, 1.4826 * float(np.median(np.abs(np.subtract(values, middle)))))
    return [(value - middle) / spread for value in values]


def _pause(before_ms: int, start_ms: int) -> list[Marker]:
    length_ms = start_ms - before_ms
    if not PAUSE_MS <= length_ms <= _BREAK_MS:
        return []
    strength = 0.3 + 0.7 * min(1.0, (length_ms - PAUSE_MS) / (_FULL_PAUSE_MS - PAUSE_MS))
    return [Marker("pause", before_ms, start_ms, round(strength, 4))]


def _reactions(utterance: Utterance, sounds: Sequence[Sound]) -> list[Marker]:
    return [
        Marker(sound.kind, sound.start_ms, sound.end_ms, sound.probability)
        for sound in sounds
        if sound.kind in REACTIONS
        and utterance.start_ms <= sound.start_ms < utterance.end_ms + _REACTION_MS
        and sound.end_ms > utterance.start_ms
    ]


def _order(marker: Marker) -> tuple[int, int, str]:
    return (marker.start_ms, marker.end_ms, marker.kind)


__all__ = ["PAUSE_MS", "between", "markers_of"]
