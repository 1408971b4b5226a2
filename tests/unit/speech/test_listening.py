"""The tries: language, larger model, full window, skipped speech. With a model that says what the test tells it to."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from processors.domain import Span
from processors.speech.listening import UNWRITTEN, Ears, Heard, Window, hear
from processors.speech.tongues import Supported
from processors.speech.whisper import FULL_FRAMES, MARGIN_FRAMES, AlignedWord, Decoded, Encoded

RATE = 16_000
ALL = Supported()
ENGLISH = Supported(frozenset({"en"}))


@dataclass
class Scripted:
    """Answers by the length of the window in seconds; keeps a record of what it was asked."""

    name: str = "model"
    multilingual: bool = True
    languages: frozenset[str] = frozenset({"en", "es", "de"})
    likely: dict[float, dict[str, float]] = field(default_factory=dict)  # seconds -> probabilities
    logprobs: dict[tuple[str, bool], float] = field(default_factory=dict)  # (language, full window) -> log probability
    loops: bool = False
    words: list[AlignedWord] = field(default_factory=lambda: [AlignedWord("hello", 0.1, 0.5, 0.9)])
    asked: list[tuple[str, int, bool]] = field(default_factory=list)  # (language, beam, full window)

    def encode(self, samples, margin_frames=MARGIN_FRAMES):
        return Encoded((len(samples) / RATE, margin_frames == FULL_FRAMES), len(samples) // 160)

    def detect_language(self, encoded):
        return self.likely.get(encoded.output[0], {"en": 0.95, "es": 0.03, "de": 0.02})

    def decode(self, encoded, language, beam):
        full = encoded.output[1]
        self.asked.append((language, beam, full))
        loop = self.loops and not full
        return Decoded([1], "hello", self.logprobs.get((language, full), -0.3), 0.0, 9.0 if loop else 1.0, False)

    def align(self, encoded, decoded, language):
        return self.words if encoded.output[0] > 3.5 else [AlignedWord("again", 0.1, 0.4, 0.9)]


def window(*speech: tuple[int, int], length_ms: int = 4_000) -> Window:
    spans = [Span(first, last) for first, last in (speech or ((0, 1_000),))]
    return Window(np.zeros(length_ms * 16, np.float32), 0, length_ms, spans)


def listen(model: Scripted, what: Window, larger=None, language=None, hint=None, supported=ALL) -> list[Heard]:
    return hear(what, Ears(model, None if larger is None else lambda: larger, language, hint, 1, supported=supported))


def test_one_decode_when_all_is_well():
    model = Scripted()
    (heard,) = listen(model, window())
    assert model.asked == [("en", 1, False)]
    assert (heard.language, heard.language_probability, heard.refused, heard.model) == ("en", 0.95, None, "model")


def test_a_given_language_is_not_questioned_and_an_unknown_one_is_detected():
    model = Scripted()
    assert listen(model, window(), language="es")[0].language_probability == 1.0
    assert listen(model, window(), language="xx")[0].language == "en"
    assert [language for language, _, _ in model.asked] == ["es", "en"]


def test_an_unsure_language_is_decided_by_the_likelier_text_and_the_hint_takes_part():
    unsure = {4.0: {"es": 0.4, "en": 0.35, "de": 0.2}}
    model = Scripted(likely=unsure, logprobs={("es", False): -0.7, ("en", False): -0.6, ("de", False): -0.2})
    assert listen(model, window())[0].language == "en"
    assert listen(model, window(), hint="de")[0].language == "de"
    assert [language for language, _, _ in model.asked] == ["es", "en", "es", "en", "de"]


def test_an_unsure_window_is_parted_at_its_pause_and_each_side_has_its_language():
    unsure = {6.0: {"en": 0.5, "es": 0.4}, 2.75: {"en": 0.9}, 3.25: {"es": 0.9}}
    model = Scripted(likely=unsure, words=[AlignedWord("word", t, t + 0.5, 0.9) for t in range(6)])
    what = window((0, 2_500), (3_000, 3_600), (3_700, 6_000), length_ms=6_000)
    assert sorted(heard.language for heard in listen(model, what)) == ["en", "es"]
    assert len(listen(model, window((0, 2_500), (2_600, 6_000), length_ms=6_000))) == 1  # a breath is no pause
    assert len(listen(model, window((0, 500), (3_000, 6_000), length_ms=6_000))) == 1  # too little on one side


def test_a_bad_decode_goes_to_the_larger_model_and_a_good_one_does_not_load_it():
    small = Scripted("small", multilingual=False, logprobs={("en", False): -0.9})
    large = Scripted("large", likely={4.0: {"es": 0.9}})
    (heard,) = listen(small, window(), larger=large)
    assert (heard.model, heard.language) == ("large", "es")
    assert small.asked == [("en", 1, False)]
    listen(Scripted(), window(), larger=large)
    assert len(large.asked) == 1


def test_a_loop_is_heard_again_in_the_full_window_with_a_wider_beam():
    model = Scripted(loops=True)
    (heard,) = listen(model, window())
    assert model.asked == [("en", 1, False), ("en", 5, True)]
    assert heard.refused is None


def test_the_better_try_is_kept_and_refused_when_it_is_bad_too():
    model = Scripted(logprobs={("en", False): -1.6, ("en", True): -1.9})
    (heard,) = listen(model, window())
    assert heard.decoded.avg_logprob == -1.6
    assert heard.refused == "not intelligible"


def test_skipped_speech_is_heard_on_its_own_once():
    model = Scripted(words=[AlignedWord("first", 0.0, 0.4, 0.9), AlignedWord("last", 3.6, 3.9, 0.9)])
    found = listen(model, window((0, 4_000)))
    words = sorted((word.start_ms, word.text) for heard in found for word in heard.words)
    assert [text for _, text in words] == ["first", "again", "last"]
    assert len(model.asked) == 2
    assert 500 <= words[1][0] <= 1_000


def test_a_given_language_that_gives_bad_text_is_detected_anew():
    model = Scripted(likely={4.0: {"es": 0.9}}, logprobs={("en", False): -1.4})
    (heard,) = listen(model, window(), language="en")
    assert (heard.language, heard.language_probability) == ("es", 0.9)
    assert [language for language, _, _ in model.asked] == ["en", "es"]
    still = Scripted(likely={4.0: {"es": 0.9}}, logprobs={("en", False): -1.1, ("es", False): -1.6, ("en", True): -0.4})
    assert listen(still, window(), language="en")[0].language == "en"


def test_the_larger_model_has_its_own_beam_and_the_one_that_counts_is_told():
    small = Scripted("small", multilingual=False, logprobs={("en", False): -0.9})
    large = Scripted("large")
    (heard,) = hear(window(), Ears(small, lambda: large, None, None, 1, larger_beam=4))
    assert large.asked == [("en", 4, False)]
    assert (heard.model, heard.beam) == ("large", 4)


def test_speech_in_a_language_that_is_not_supported_is_not_decoded():
    model = Scripted(likely={4.0: {"es": 0.8, "en": 0.2}})
    (heard,) = listen(model, window(), supported=ENGLISH)
    assert (heard.refused, heard.words, model.asked) == ("language not supported: es", [], [])
    assert heard.decoded is UNWRITTEN
    (heard,) = listen(model, window(), supported=Supported(ENGLISH.languages, nearest=True))
    assert (heard.refused, heard.language) == (None, "en")


def test_a_language_that_is_asked_for_must_be_supported_too():
    model = Scripted()
    (heard,) = listen(model, window(), language="de", supported=ENGLISH)
    assert (heard.refused, model.asked) == ("language not supported: de", [])


def test_a_supported_part_of_speech_that_is_not_supported_is_kept():
    likely = {8.0: {"es": 0.7, "en": 0.3}, 3.2: {"en": 0.95}, 4.2: {"es": 0.9, "en": 0.1}}
    model = Scripted(likely=likely)
    what = window((0, 3_000), (4_000, 8_000), length_ms=8_000)
    found = listen(model, what, supported=ENGLISH)
    assert [heard.refused for heard in found] == ["language not supported: es", None]
    assert found[1].language == "en"


def test_a_small_english_model_leaves_it_to_the_larger_one_to_tell_the_language():
    small = Scripted("small", multilingual=False, logprobs={("en", False): -0.9})
    (heard,) = listen(small, window(), larger=Scripted("large", likely={4.0: {"de": 0.9}}), supported=ENGLISH)
    assert (heard.refused, heard.model) == ("language not supported: de", "large")


def test_bad_text_of_skipped_speech_is_told_and_not_believed():
    model = Scripted(words=[AlignedWord("first", 0.0, 0.4, 0.9), AlignedWord("last", 3.6, 3.9, 0.9)])
    what = window((0, 4_000))
    model.decode = lambda encoded, language, beam: Decoded(
        [1], "x", -0.3 if encoded.output[0] > 3.5 else -1.2, 0.0, 1.0, False
    )
    whole, hole = listen(model, what)
    assert whole.refused is None
    assert (hole.refused, [word.text for word in hole.words]) == ("not intelligible", ["again"])


def test_skipped_speech_in_a_language_that_is_not_supported_is_told_with_its_time():
    model = Scripted(
        words=[AlignedWord("first", 0.0, 0.4, 0.9), AlignedWord("last", 3.6, 3.9, 0.9)],
        likely={4.0: {"en": 0.95}, 3.0: {"de": 0.9}},
    )
    whole, hole = listen(model, window((0, 4_000)), supported=ENGLISH)
    assert (whole.refused, hole.refused) == (None, "language not supported: de")
    assert hole.span is not None
    assert 0 < hole.span.start_ms < hole.span.end_ms < 4_000
