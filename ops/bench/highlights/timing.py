"""When each word of a constructed talk is spoken, with the pauses between and the laughter after.

Pauses betray no border: long ones are at a twelfth of the sentence ends within passages as well, and half of the pauses
between passages are those of any sentence end.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import Final

from ops.bench.highlights.passages import Passage, Sentence
from ops.bench.highlights.plan import Plan
from ops.bench.highlights.voices import Manner, Voice, of_passage, of_utterance, spoken, voice
from processors.domain import Word

_LEAD_IN_MS: Final = (200, 4_000)
# At the end of a sentence: median and the spread of its logarithm, held to what is usual (readers: 300 to 800 ms).
_PAUSE_MS: Final = 480.0
_PAUSE_SPREAD: Final = 0.5
_PAUSE_BOUNDS_MS: Final = (200, 1_500)
_LONG_MS: Final = (1_200, 2_600)
_LONG_WITHIN: Final = 1 / 12
_LONG_BETWEEN: Final = 1 / 2
_COMMA_MS: Final = (60, 260)
_GAP_MS: Final = (0, 35)
_TURN_MS: Final = (80, 900)  # people take over faster than they go on
# Share of a word's time that does not depend on its letters: "a" takes a third of "another", not a seventh.
_BASE_LETTERS: Final = 2.5
_LAUGH_MS: Final = (900, 2_600)
_LAUGHS_AT_JOKES: Final = 0.85
_LAUGHS_ELSEWHERE: Final = 0.015  # of the sentences of anything
_APPLAUDS: Final = {"thanks": 0.6, "greet": 0.3}  # at the end of such passages
_APPLAUDS_HIGHLIGHTS: Final = 0.10
_APPLAUDS_ELSEWHERE: Final = 0.03
# Words a recogniser is sure of, and is not.
_PROBABILITY: Final = (0.55, 1.0)


@dataclass(frozen=True, slots=True)
class Reaction:
    """Of the audience."""

    kind: str  # "laughter", "applause"
    start_ms: int
    end_ms: int
    strength: float


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence, spoken.

    Attributes:
        passage: its number in the plan.
        speaker: number of who says it.
        words: in time order.
        manner: how it is said.
        sounds: the voice in this manner.
        reactions: what is heard right after it.
    """

    passage: int
    speaker: int
    words: list[Word]
    manner: Manner
    sounds: Voice
    reactions: list[Reaction]


def lines(made: Plan, source: random.Random) -> tuple[list[Line], int]:
    """Speak a plan.

    Returns:
        Its sentences in time order, and how long all of it is, in milliseconds.
    """
    voices = [voice(source) for _ in range(made.speakers)]
    found: list[Line] = []
    at_ms = source.randint(*_LEAD_IN_MS)
    before = made.said[0].speakers[0]
    for number, said in enumerate(made.said):
        passage = of_passage(said.passage.role == "highlight", source)
        first = True
        for speaker, sentences in zip(said.speakers, said.passage.turns, strict=True):
            for sentence in sentences:
                if found:
                    at_ms += pause_ms(first, speaker != before, source)
                manner = of_utterance(passage, source)
                sounds = spoken(voices[speaker], manner)
                words = _words(sentence, sounds.words_per_s, at_ms, source)
                at_ms = words[-1].end_ms
                laughter = _laughter(sentence, at_ms, source)
                at_ms = laughter[-1].end_ms if laughter else at_ms
                found.append(Line(number, speaker, words, manner, sounds, laughter))
                before, first = speaker, False
        applause = _applause(said.passage, at_ms, source)
        at_ms = applause[-1].end_ms if applause else at_ms
        found[-1] = replace(found[-1], reactions=[*found[-1].reactions, *applause])
    return found, at_ms + source.randint(*_LEAD_IN_MS)


def _words(sentence: Sentence, words_per_s: float, start_ms: int, source: random.Random) -> list[Word]:
    """Longer words take longer; the sentence as a whole has the rate."""
    weights = [_BASE_LETTERS + sum(letter.isalnum() for letter in word) for word in sentence.words]
    per_weight = 1_000.0 * len(weights) / words_per_s / sum(weights)
    found: list[Word] = []
    at = float(start_ms)
    for text, weight in zip(sentence.words, weights, strict=True):
        # some 10 % of what a word usually takes
        length = max(60.0, weight * per_weight * math.exp(source.gauss(0.0, 0.1)) - sum(_GAP_MS) / 2)
        end = at + length
        found.append(Word(round(at), round(end), text, round(source.triangular(*_PROBABILITY, 0.97), 3)))
        at = end + source.uniform(*(_COMMA_MS if text[-1] in ",:;" else _GAP_MS))
    return found


def pause_ms(opens_passage: bool, other_speaks: bool, source: random.Random) -> int:
    """Silence before a sentence, in milliseconds."""
    if source.random() < (_LONG_BETWEEN if opens_passage else _LONG_WITHIN):
        return source.randint(*_LONG_MS)
    if other_speaks:
        return source.randint(*_TURN_MS)
    low, high = _PAUSE_BOUNDS_MS
    return round(min(high, max(low, _PAUSE_MS * math.exp(source.gauss(0.0, _PAUSE_SPREAD)))))


def _laughter(sentence: Sentence, at_ms: int, source: random.Random) -> list[Reaction]:
    if source.random() >= (_LAUGHS_AT_JOKES if sentence.laughed else _LAUGHS_ELSEWHERE):
        return []
    return [_reaction("laughter", at_ms, source)]


def _applause(passage: Passage, at_ms: int, source: random.Random) -> list[Reaction]:
    likely = _APPLAUDS_HIGHLIGHTS if passage.role == "highlight" else _APPLAUDS.get(passage.kind, _APPLAUDS_ELSEWHERE)
    return [_reaction("applause", at_ms, source)] if source.random() < likely else []


def _reaction(kind: str, at_ms: int, source: random.Random) -> Reaction:
    start_ms = at_ms + source.randint(50, 400)
    return Reaction(kind, start_ms, start_ms + source.randint(*_LAUGH_MS), round(source.uniform(0.5, 0.97), 2))


__all__ = ["Line", "Reaction", "lines", "pause_ms"]
