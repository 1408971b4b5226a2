"""Signals of what sentences mean, and where the talk turns."""

from __future__ import annotations

import numpy as np
import pytest

from processors.segments.material import Material
from processors.segments.signals.centrality import Centrality
from processors.segments.signals.surprise import Surprise
from processors.segments.signals.topic_change import TopicChange
from processors.segments.signals.worth import Worth, window_worth
from tests.unit.segments.builders import material, utterance, windows

RIVER = "The river bends where the river meets softer river banks."
OVEN = "The oven bakes bread when the oven holds more oven heat."
STEP_MS = 5_000
SIGNALS = [Centrality(), Surprise(), TopicChange(), Worth()]


def spoken(*texts: str) -> Material:
    return material([utterance(text, STEP_MS * at) for at, text in enumerate(texts)])


def sentences(of: Material, low: int, high: int) -> tuple[int, int]:
    return of.sentences[low].start_ms, of.sentences[high - 1].end_ms


def test_an_aside_is_far_from_the_subject() -> None:
    of = spoken(*[RIVER] * 9, "Somebody parked badly outside today.", *[RIVER] * 9)
    found = Centrality().measure(of, windows(of, sentences(of, 0, 3), sentences(of, 9, 10)))
    assert found is not None
    assert found.raw[0] > found.raw[1] + 0.2
    assert found.detail(0).startswith("nearer to the subject")
    assert found.detail(1).startswith("farther from the subject")


def test_a_piece_of_its_own_begins_and_ends_where_the_talk_turns() -> None:
    of = spoken(*[RIVER] * 8, *[OVEN] * 8, *[RIVER] * 8)
    whole, shifted, within = sentences(of, 8, 16), sentences(of, 4, 12), sentences(of, 11, 13)
    found = TopicChange().measure(of, windows(of, whole, shifted, within))
    assert found is not None
    assert found.raw[0] > max(found.raw[1:])
    assert found.detail(0) == "starts and ends where the talk turns"
    assert found.detail(2) == "lies within a subject"


def test_what_is_unlike_all_before_surprises() -> None:
    of = spoken(*[RIVER] * 6, OVEN, *[RIVER] * 6)
    found = Surprise().measure(of, windows(of, sentences(of, 3, 5), sentences(of, 6, 7)))
    assert found is not None
    assert found.raw[1] > found.raw[0] + 0.2


def test_worth_is_a_mean_over_the_sentences() -> None:
    of = spoken(RIVER, RIVER, OVEN)
    spans = windows(of, sentences(of, 0, 1), sentences(of, 2, 3), sentences(of, 1, 3))
    river, oven, both = window_worth(of, spans)
    assert river != oven
    words = np.array([min(len(text.split()), 30) + 1 for text in (RIVER, OVEN)])
    assert both == pytest.approx((river * words[0] + oven * words[1]) / words.sum())


def test_without_meaning_nothing_is_measured() -> None:
    silent = material([], duration_ms=10_000)
    for signal in SIGNALS:
        assert signal.measure(silent, windows(silent, (0, 5_000))) is None
    assert np.isnan(window_worth(silent, windows(silent, (0, 5_000)))).all()


def test_a_single_sentence_is_measured() -> None:
    of = spoken(RIVER)
    span = windows(of, sentences(of, 0, 1))
    for signal in (Centrality(), TopicChange(), Worth()):
        found = signal.measure(of, span)
        assert found is not None
        assert np.isfinite(found.raw[0])
        assert found.detail(0)
