"""Hears one window of sound: which language, which words; tries again where the first try looks bad.

::

    encode, short window -> language -> decode -> words on the timeline
                            | none that is supported: nothing is written down
                            | not sure, and a pause inside: each side on its own
                                        | bad: larger model; the language anew, where one was given; then the full
                                        | window and a wider beam
                                                  | speech without words: that piece on its own, once

Nothing is sampled, so the same sound gives the same words. (Whisper's own second tries sample at a temperature.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise
from typing import Final

from processors.domain import Span, Word
from processors.speech.guards import MIN_LOGPROB, MIN_LOGPROB_SMALL, is_bad, is_loop, refusal
from processors.speech.placing import holes, place
from processors.speech.tongues import ALL_LANGUAGES, Supported, candidates, not_supported
from processors.speech.vad import SAMPLE_RATE, Samples
from processors.speech.whisper import FULL_FRAMES, Decoded, Encoded, Recogniser

RETRY_BEAM: Final = 5
# Of speech in a language that is not supported.
UNWRITTEN: Final = Decoded([], "", 0.0, 0.0, 0.0, False)
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
        larger_beam: of the search with the larger model.
        supported: languages that may be written down.
    """

    model: Recogniser
    larger: Callable[[], Recogniser] | None
    language: str | None
    hint: str | None
    beam: int
    larger_beam: int = RETRY_BEAM
    supported: Supported = ALL_LANGUAGES


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
    refused: str | None  # why the words are not believed, or there are none
    model: str
    beam: int | None  # of the local model
    span: Span | None = None  # what of the sound it is about, where there are no words


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
            found += [_within(new, hole) for new in hear(part, ears, again=False)]
    if heard.decoded is UNWRITTEN:  # which says it of all the sound, holes too
        return [heard, *(new for new in found[1:] if new.words)]
    return [heard, *(new for new in found[1:] if new.words or new.decoded is UNWRITTEN)]


def _within(heard: Heard, hole: Span) -> Heard:
    """Only the words in the hole; those in the margin around it are there already. Bad ones are not believed here."""
    words = [w for w in heard.words if hole.start_ms <= (w.start_ms + w.end_ms) // 2 < hole.end_ms]
    bad = is_bad(heard.decoded) and heard.decoded is not UNWRITTEN
    return replace(heard, words=words, refused=heard.refused or ("not intelligible" if bad else None))


def _languages(ears: Ears, encoded: Encoded, model: Recogniser) -> list[tuple[str, float]]:
    """The languages to decode in with their probabilities; none when the speech is in one that is not supported."""
    if not model.multilingual:
        return [("en", 1.0)] if ears.supported.has("en") else []
    if ears.language is not None and ears.language in model.languages:
        if ears.supported.has(ears.language):
            return [(ears.language, 1.0)]
        if not ears.supported.nearest:
            return []
    return candidates(model.detect_language(encoded), ears.hint, ears.supported)


@dataclass(frozen=True, slots=True)
class _Try:
    """One way of decoding, and what came of it."""

    decoded: Decoded
    encoded: Encoded
    model: Recogniser
    language: str
    probability: float
    beam: int


def _decode(window: Window, ears: Ears, encoded: Encoded, languages: list[tuple[str, float]]) -> Heard:
    if not languages:
        return _unwritten(window, ears, encoded, ears.model)
    best = _best_of(encoded, ears.model, languages, ears.beam)
    if is_bad(best.decoded, MIN_LOGPROB if ears.larger is None else MIN_LOGPROB_SMALL):
        if ears.larger is not None:
            model = ears.larger()
            encoded = model.encode(window.samples)
            languages = _languages(ears, encoded, model)
            if not languages:
                return _unwritten(window, ears, encoded, model)
            best = _better(best, _best_of(encoded, model, languages, ears.larger_beam))
        if is_bad(best.decoded) and ears.language is not None and best.model.multilingual:
            best = _anew(best, ears)
        if is_bad(best.decoded):  # the last try is the dear one
            encoded = best.model.encode(window.samples, FULL_FRAMES)
            languages = _languages(ears, encoded, best.model) or [(best.language, best.probability)]
            best = _better(best, _best_of(encoded, best.model, languages, max(best.beam, RETRY_BEAM)))
    words = place(
        best.model.align(best.encoded, best.decoded, best.language), window.start_ms, window.end_ms, window.speech
    )
    refused = refusal(best.decoded, not best.model.multilingual)
    return Heard(words, best.language, best.probability, best.decoded, refused, best.model.name, best.beam)


def _unwritten(window: Window, ears: Ears, encoded: Encoded, model: Recogniser) -> Heard:
    language, probability = next(iter(model.detect_language(encoded).items()))
    if ears.language is not None and model.multilingual and not ears.supported.has(ears.language):
        language, probability = ears.language, 1.0
    about = Span(window.start_ms, window.end_ms)
    return Heard([], language, probability, UNWRITTEN, not_supported(language), model.name, ears.beam, about)


def _anew(best: _Try, ears: Ears) -> _Try:
    """The given language gave bad text: the best of that and what the model itself takes the language to be."""
    likely = candidates(best.model.detect_language(best.encoded), None, ears.supported)
    others = [(language, probability) for language, probability in likely if language != best.language]
    return _better(best, _best_of(best.encoded, best.model, others, best.beam)) if others else best


def _best_of(encoded: Encoded, model: Recogniser, languages: list[tuple[str, float]], beam: int) -> _Try:
    tries = [
        _Try(model.decode(encoded, language, beam), encoded, model, language, probability, beam)
        for language, probability in languages
    ]
    return reduce(_better, tries)


def _better(first: _Try, second: _Try) -> _Try:
    """The one that is no loop, then the likelier one."""
    keys = [(not is_loop(one.decoded), one.decoded.avg_logprob) for one in (first, second)]
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


__all__ = ["UNWRITTEN", "Ears", "Heard", "Window", "hear"]
