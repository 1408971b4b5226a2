"""Hears one window of sound: which language, which words; tries again where the first try looks bad.

::

    encode, short window -> language -> decode -> words on the timeline
                            | not sure, and a pause inside: each side on its own
                                        | bad: larger model; then the full window, a wider beam, the language anew
                                                  | speech without words: that piece on its own, once

Nothing is sampled, so the same sound gives the same words. (Whisper's own second tries sample at a temperature.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice, pairwise
from typing import Final

from processors.domain import Span, Word
from processors.speech.guards import MIN_LOGPROB, MIN_LOGPROB_SMALL, is_bad, is_loop, refusal
from processors.speech.placing import holes, place
from processors.speech.vad import SAMPLE_RATE, Samples
from processors.speech.whisper import FULL_FRAMES, MARGIN_FRAMES, Decoded, Encoded, Recogniser

SURE: Final = 0.6  # probability from which a language counts as known: 61 of 64 windows of clips in three languages
RETRY_BEAM: Final = 5
# Languages that are tried where none is sure; the one that gives the likelier text is kept.
_CANDIDATES: Final = 2
# A window of uncertain language is parted at a pause of this length with at least this much speech on both sides.
_PART_PAUSE_MS: Final = 300
_PART_SPEECH_MS: Final = 1_500
# Sound around a skipped piece of speech that is heard on its own.
_MARGIN_MS: Final = 200
_SAMPLES_PER_MS: Final = SAMPLE_RATE // 1000


@dataclass(frozen=True, slots=True)
class Ears:
    """How to listen.

    Attributes:
        model: the first choice.
        larger: gives the model to fall back to, loading it if need be; None when there is none.
        language: that is known (the request's), or None.
        hint: likely language, used where a window alone leaves it open.
        beam: width of the search, >= 1.
    """

    model: Recogniser
    larger: Callable[[], Recogniser] | None
    language: str | None
    hint: str | None
    beam: int


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of sound on the timeline: `samples` (16 kHz mono float32) of exactly [start_ms, end_ms), its speech."""

    samples: Samples
    start_ms: int
    end_ms: int
    speech: Sequence[Span]

    def part(self, start_ms: int, end_ms: int) -> Window:
        """The part [start_ms, end_ms), bounded by the window."""
        first, last = max(start_ms, self.start_ms), min(end_ms, self.end_ms)
        samples = self.samples[(first - self.start_ms) * _SAMPLES_PER_MS : (last - self.start_ms) * _SAMPLES_PER_MS]
        speech = [
            Span(max(span.start_ms, first), min(span.end_ms, last))
            for span in self.speech
            if span.start_ms < last and first < span.end_ms
        ]
        return Window(samples, first, last, speech)


@dataclass(frozen=True, slots=True)
class Heard:
    """What was understood of one window, or of a part of it."""

    words: list[Word]
    language: str
    language_probability: float
    decoded: Decoded
    refused: str | None  # why the words are not believed
    model: str


def hear(window: Window, ears: Ears, again: bool = True) -> list[Heard]:
    """Recognise the words of a window.

    Args:
        window: at most 30 s.
        ears: model and languages.
        again: whether parts of it may be heard on their own.

    Returns:
        One item, or several for parts; in no order, not overlapping in what they cover.
    """
    encoded = ears.model.encode(window.samples)
    languages = _languages(ears, encoded, ears.model)
    if again and len(languages) > 1 and (pause := _middle_pause(window.speech)) is not None:
        parts = (window.part(window.start_ms, pause), window.part(pause, window.end_ms))
        return [heard for part in parts for heard in hear(part, ears, again=False)]
    heard = _decode(window, ears, encoded, languages)
    if not again:
        return [heard]
    found = [heard]
    for hole in holes(heard.words if heard.refused is None else [], window.speech):
        part = window.part(hole.start_ms - _MARGIN_MS, hole.end_ms + _MARGIN_MS)
        if (part.start_ms, part.end_ms) != (window.start_ms, window.end_ms):
            found += [_within(new, hole) for new in hear(part, ears, again=False) if not is_bad(new.decoded)]
    return found


def _within(heard: Heard, hole: Span) -> Heard:
    """Only the words in the hole; those in the margin around it are there already."""
    words = [w for w in heard.words if hole.start_ms <= (w.start_ms + w.end_ms) // 2 < hole.end_ms]
    return replace(heard, words=words)


def _languages(ears: Ears, encoded: Encoded, model: Recogniser) -> list[tuple[str, float]]:
    """The languages to decode in with their probabilities: one that is known or sure, else the few likeliest."""
    if not model.multilingual:
        return [("en", 1.0)]
    if ears.language is not None and ears.language in model.languages:
        return [(ears.language, 1.0)]
    likely = model.detect_language(encoded)
    first = list(islice(likely.items(), _CANDIDATES))
    if first[0][1] >= SURE:
        return first[:1]
    if ears.hint is not None and ears.hint in likely and ears.hint not in dict(first):
        first.append((ears.hint, likely[ears.hint]))
    return first


def _decode(window: Window, ears: Ears, encoded: Encoded, languages: list[tuple[str, float]]) -> Heard:
    best = _best_of(encoded, ears.model, languages, ears.beam)
    if is_bad(best[0], MIN_LOGPROB if ears.larger is None else MIN_LOGPROB_SMALL):
        if ears.larger is not None:
            best = _better(best, _attempt(window, ears, ears.larger(), ears.beam))
        if is_bad(best[0]):  # the last try is the dear one
            best = _better(best, _attempt(window, ears, best[2], RETRY_BEAM, FULL_FRAMES))
    decoded, encoded, model, language, probability = best
    words = place(model.align(encoded, decoded, language), window.start_ms, window.end_ms, window.speech)
    return Heard(words, language, probability, decoded, refusal(decoded, not model.multilingual), model.name)


_Attempt = tuple[Decoded, Encoded, Recogniser, str, float]


def _attempt(window: Window, ears: Ears, model: Recogniser, beam: int, margin_frames: int = MARGIN_FRAMES) -> _Attempt:
    encoded = model.encode(window.samples, margin_frames)
    return _best_of(encoded, model, _languages(ears, encoded, model), beam)


def _best_of(encoded: Encoded, model: Recogniser, languages: list[tuple[str, float]], beam: int) -> _Attempt:
    tries: list[_Attempt] = [
        (model.decode(encoded, language, beam), encoded, model, language, probability)
        for language, probability in languages
    ]
    return reduce(_better, tries)


def _better(first: _Attempt, second: _Attempt) -> _Attempt:
    """The one that is no loop, then the likelier one."""
    keys = [(not is_loop(one[0]), one[0].avg_logprob) for one in (first, second)]
    return second if keys[1] > keys[0] else first


def _middle_pause(speech: Sequence[Span]) -> int | None:
    """Middle of the longest pause with enough speech on both sides, or None."""
    best: tuple[int, int] | None = None
    before, after = 0, sum(span.end_ms - span.start_ms for span in speech)
    for span, following in pairwise(speech):
        before, after = before + span.end_ms - span.start_ms, after - (span.end_ms - span.start_ms)
        pause = following.start_ms - span.end_ms
        if pause >= _PART_PAUSE_MS and min(before, after) >= _PART_SPEECH_MS:
            best = max(best or (0, 0), (pause, (span.end_ms + following.start_ms) // 2))
    return best[1] if best is not None else None


__all__ = ["SURE", "Ears", "Heard", "Window", "hear"]
