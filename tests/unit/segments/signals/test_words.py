"""Signals of what is said, word by word and sentence by sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from processors.domain import Emotion, Utterance
from processors.segments.signals.base import Measured, Signal
from processors.segments.signals.contrast import Contrast
from processors.segments.signals.elaboration import MOST_WORDS, Elaboration
from processors.segments.signals.figures import Figures
from processors.segments.signals.names import Names
from processors.segments.signals.questions import MOST, Questions
from processors.segments.signals.quotability import Quotability, lines
from processors.segments.signals.sentiment import Sentiment
from tests.unit.segments.builders import material, utterance, windows

STEP_MS = 10_000


def measured(signal: Signal, *texts: str, language: str = "en") -> Measured:
    """Each text in a window of its own."""
    found = signal.measure(*_laid_out([utterance(text, STEP_MS * at, language) for at, text in enumerate(texts)]))
    assert found is not None
    return found


def _laid_out(said: list[Utterance]):  # type: ignore[no-untyped-def]
    of = material(said)
    return of, windows(of, *((one.start_ms, one.start_ms + STEP_MS) for one in said))


@pytest.mark.parametrize(
    ("signal", "higher", "lower"),
    [
        (Contrast(), "Everybody says so, but the truth is different.", "We met on the third floor as usual today."),
        (Figures(), "It took nine years and 40 million dollars.", "It took years and a lot of money."),
        (Names(), "Then Marie Curie went to Paris.", "Then the woman went to town."),
        (
            Elaboration(),
            "The river bends where the ground is softer than the rock below it.",
            "Yes. Okay. Right. Sure.",
        ),
        (Quotability(), "Nobody ever drowned in doubt about rivers.", "Yes. Okay. Right."),
    ],
    ids=lambda value: value.name if isinstance(value, Signal) else "",
)
def test_one_text_has_more_of_it(signal: Signal, higher: str, lower: str) -> None:
    found = measured(signal, higher, lower)
    assert found.raw[0] > found.raw[1] >= 0


def test_figures_count_per_hundred_words_and_are_named() -> None:
    found = measured(Figures(), "We sold 12 of the three hundred.", "Nothing was sold.")
    assert found.raw.tolist() == pytest.approx([100 * 3 / 7, 0])
    assert found.detail(0) == "names “12”, “three”, “hundred”"
    assert found.detail(1) == "no numbers"


def test_contrast_is_not_measured_without_a_list() -> None:
    of, spans = _laid_out([utterance("Joki mutkittelee.", 0, "fi")])
    assert Contrast().measure(of, spans) is None


@pytest.mark.parametrize("language", ["de", "ja"])
def test_names_are_not_measured_where_capitals_tell_nothing(language: str) -> None:
    of, spans = _laid_out([utterance("Der Fluss sieht Berlin.", 0, language)])
    assert Names().measure(of, spans) is None


def test_the_first_word_and_i_are_no_names() -> None:
    assert measured(Names(), "Rivers and I bend when I'm there.").raw[0] == 0


def test_a_question_counts_when_something_follows() -> None:
    found = measured(Questions(), "Why do rivers bend? Because they do.", "They do bend. Why is that?", "They bend.")
    assert found.raw.tolist() == [1, 0, 0]
    assert found.detail(0) == "1 question with what follows"
    many = measured(Questions(), "Who? Where? Why? When? How? That was it.")
    assert many.raw[0] == MOST


def test_run_ons_are_no_fuller_than_long_sentences() -> None:
    assert measured(Elaboration(), " ".join(["and"] * 45) + ".").raw[0] == MOST_WORDS


def test_a_line_is_named() -> None:
    found = measured(Quotability(), "Okay. Water always remembers the old path. Okay.", "Okay.")
    assert found.detail(0) == "its best line: “Water always remembers the old path.”"
    assert found.detail(1) == "no line to quote"


def test_the_best_line_is_found_in_windows_of_any_length() -> None:
    texts = ["Okay.", "The water always remembers paths.", "Yes.", "Old rivers remember paths.", "No.", "Sure.", "So."]
    of = material([utterance(text, STEP_MS * at) for at, text in enumerate(texts)])
    spans = [(STEP_MS * low, STEP_MS * high) for low in range(7) for high in range(low + 1, 8)]
    found = Quotability().measure(of, windows(of, *spans))
    assert found is not None
    worth = lines(of)
    expected = [max(worth[low // STEP_MS : high // STEP_MS]) for low, high in spans]
    assert found.raw.tolist() == expected
    assert max(expected) > 0


def test_feelings_count_by_strength_whichever_their_sign() -> None:
    said = [
        replace(utterance("Rivers bend.", STEP_MS * at), emotion=Emotion(valence, 0.5, "joy", 0.9))
        for at, valence in enumerate([-0.8, 0.8, 0.0])
    ]
    found = Sentiment().measure(*_laid_out(said))
    assert found is not None
    assert found.raw.tolist() == pytest.approx([0.8, 0.8, 0.0])
    assert [found.detail(at).split()[0] for at in range(3)] == ["unpleasant", "pleasant", "no"]
    assert Sentiment().measure(*_laid_out([utterance("Rivers bend.", 0)])) is None


def test_nothing_is_measured_without_words() -> None:
    of = material([], duration_ms=STEP_MS)
    for signal in (Contrast(), Elaboration(), Figures(), Names(), Questions(), Quotability(), Sentiment()):
        assert signal.measure(of, windows(of, (0, STEP_MS))) is None


def test_a_window_without_words_is_not_measured() -> None:
    of = material([utterance("Rivers bend.", 0)], duration_ms=5 * STEP_MS)
    for signal in (Elaboration(), Figures(), Names(), Questions(), Quotability()):
        found = signal.measure(of, windows(of, (3 * STEP_MS, 4 * STEP_MS)))
        assert found is not None
        assert np.isnan(found.raw[0])
