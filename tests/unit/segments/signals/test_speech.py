"""The signals of speech: hook, completeness, pace, substance, clarity."""

from __future__ import annotations

import math

import pytest

from processors.domain import Utterance
from processors.segments.signals.base import Measured, Signal
from processors.segments.signals.clarity import Clarity
from processors.segments.signals.completeness import (
    ANSWERED,
    CLOSES,
    OPENS,
    PAUSE,
    SETTLED,
    STANDS_ALONE,
    Completeness,
)
from processors.segments.signals.hook import HOOK_MS, WORTH, Hook
from processors.segments.signals.pace import Pace
from processors.segments.signals.substance import OTHER_WORTH, Substance
from tests.unit.segments.builders import material, utterance, windows

SPEECH = [Hook(), Completeness(), Pace(), Substance(), Clarity()]


def measure(signal: Signal, said: list[Utterance], *spans: tuple[int, int], duration_ms: int = 0) -> Measured:
    of = material(said, duration_ms=duration_ms)
    found = signal.measure(of, windows(of, *spans))
    assert found is not None
    return found


@pytest.mark.parametrize("signal", SPEECH, ids=lambda signal: signal.name)
def test_without_words_there_is_nothing_to_measure(signal: Signal) -> None:
    of = material([], duration_ms=10_000)
    assert signal.measure(of, windows(of, (0, 5_000))) is None


ASKS_YOU = WORTH["question"] + WORTH["address"]
OPENINGS = [
    ("en", "Why do rivers bend?", WORTH["question"], "opens with a question"),
    ("en", "Rivers bend for reasons.", 0.0, "no question, address, contrast or number in the first 5 s"),
    ("en", "Your river bends.", WORTH["address"], "speaks to the viewer (“your”)"),
    ("en", "Rivers bend however slowly.", WORTH["contrast"], "sets up a contrast (“however”)"),
    ("en", "But rivers bend.", 0.0, "no question, address, contrast or number in the first 5 s"),
    ("en", "Rivers never bend.", WORTH["strong"], "makes a strong claim (“never”)"),
    ("en", "It took 90 days.", WORTH["number"], "names a number (“90”)"),
    ("en", "It took ninety million days.", WORTH["number"], "names a number (“million”)"),
    (
        "de",
        "Hast du das gewusst?",
        WORTH["question"] + WORTH["address"],
        "opens with a question, speaks to the viewer (“du”)",
    ),
    ("fi", "Miksi joki mutkittelee?", WORTH["question"], "opens with a question"),
    (
        "zh",
        "你知道吗？",
        WORTH["question"] + WORTH["address"],
        "opens with a question, speaks to the viewer (“你知道吗”)",
    ),
    ("en", "why do rivers bend", WORTH["question"], "opens with a question"),
]


@pytest.mark.parametrize(("language", "text", "raw", "detail"), OPENINGS, ids=[case[1] for case in OPENINGS])
def test_hook(language: str, text: str, raw: float, detail: str) -> None:
    found = measure(Hook(), [utterance(text, 0, language)], (0, 9_000))
    assert found.raw[0] == pytest.approx(raw)
    assert found.detail(0) == detail


@pytest.mark.parametrize(("words", "counts"), [(14, True), (15, False)], ids=["just in time", "too late"])
def test_hook_looks_at_the_first_seconds(words: int, counts: bool) -> None:
    # a word every 350 ms: the 15th starts at 4900 ms, the 16th at 5250 ms
    said = [utterance("Rivers " * words + "never.", 10_000)]
    assert measure(Hook(), said, (9_000, 30_000)).raw[0] == (WORTH["strong"] if counts else 0.0)
    assert 14 * 350 < HOOK_MS < 15 * 350


def test_hook_of_a_window_without_words_is_nothing() -> None:
    assert measure(Hook(), [utterance("Why?", 0)], (1_000, 5_000)).raw.tolist() == [0.0]


COMPLETE = [
    ("Rivers bend.", 10_000, 1.0, "starts with a whole sentence, ends with one"),
    (
        "Rivers bend.",
        650,
        OPENS + STANDS_ALONE + CLOSES + ANSWERED + SETTLED,
        "starts with a whole sentence, ends with one",
    ),
    (
        "And they bend.",
        10_000,
        OPENS + CLOSES + ANSWERED + SETTLED + PAUSE,
        "starts with “and”, which refers back, ends with one",
    ),
    (
        "Do rivers bend?",
        10_000,
        OPENS + STANDS_ALONE + CLOSES + SETTLED + PAUSE,
        "starts with a whole sentence, ends with one that is a question",
    ),
]


@pytest.mark.parametrize(("text", "duration_ms", "raw", "detail"), COMPLETE)
def test_completeness(text: str, duration_ms: int, raw: float, detail: str) -> None:
    found = measure(Completeness(), [utterance(text, 0)], (0, 5_000), duration_ms=duration_ms)
    assert found.raw[0] == pytest.approx(raw)
    assert found.detail(0) == detail


def test_completeness_inside_a_sentence() -> None:
    said = [utterance("we went up there", 0), utterance("and never came back. Right.", 4_000)]
    found = measure(Completeness(), said, (0, 2_000), (4_000, 5_400), duration_ms=9_000)
    assert found.raw.tolist() == pytest.approx(
        [OPENS + STANDS_ALONE + PAUSE, CLOSES + ANSWERED + SETTLED + PAUSE * 50 / 1_500]
    )
    assert found.detail(0) == "starts with a whole sentence, ends inside a sentence"
    assert found.detail(1) == "starts inside a sentence, ends with a whole sentence"


def test_completeness_is_not_measured_without_speech() -> None:
    assert math.isnan(measure(Completeness(), [utterance("Rivers bend.", 0)], (5_000, 9_000)).raw[0])


def test_pace_counts_pauses() -> None:
    said = [utterance("One two three four five six seven eight nine ten.", 0)]  # 3.45 s, 3 s of it words
    found = measure(Pace(), said, (0, 6_000), (0, 60_000), (10_000, 20_000))
    assert found.raw.tolist() == [100.0, 10.0, 0.0]
    assert found.detail(0) == "100 words per minute, speech 50 % of the time"
    assert found.detail(2) == "no speech"


def test_pace_leaves_out_words_that_are_cut() -> None:
    said = [utterance("One two three four.", 0)]
    assert measure(Pace(), said, (0, 999)).raw[0] == pytest.approx(2 / (999 / 60_000))


def test_substance_prefers_words_of_the_topic() -> None:
    said = [
        utterance("The turtle finds the beach.", 0),
        utterance("Then somebody else said something.", 10_000),
        utterance("A beach is where the turtle ends.", 20_000),
        utterance("So it is as it is.", 30_000),
    ]
    found = measure(Substance(), said, *((at_ms, at_ms + 9_000) for at_ms in range(0, 40_000, 10_000)))
    assert found.raw[0] > found.raw[1] > found.raw[3] == 0
    assert found.detail(0) == "words of the topic: “turtle”, “beach”"
    assert found.detail(3) == "no words that come back in the video"


def test_substance_takes_words_in_many_sentences_for_grammar() -> None:
    said = [utterance(f"There goes thing{number}.", number * 2_000) for number in range(30)]
    alone = measure(Substance(), said, (0, 1_900)).raw[0]
    assert alone == pytest.approx(OTHER_WORTH / math.sqrt(1_900 / 60_000))  # only "thing0", which never comes back


def test_repeating_a_word_adds_nothing() -> None:
    once = measure(Substance(), [utterance("turtle of a", 0)], (0, 5_000)).raw[0]
    thrice = measure(Substance(), [utterance("turtle turtle turtle", 0)], (0, 5_000)).raw[0]
    assert once == thrice


def test_clarity_is_the_mean_certainty() -> None:
    said = [utterance("One two.", 0, probability=0.5), utterance("Three.", 5_000, probability=0.9)]
    found = measure(Clarity(), said, (0, 6_000), (5_000, 6_000), (2_000, 4_000))
    assert found.raw[:2].tolist() == pytest.approx([1.9 / 3, 0.9])
    assert math.isnan(found.raw[2])
    assert found.detail(1) == "words recognised with 90 % certainty"
