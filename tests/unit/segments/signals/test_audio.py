"""The signals of sound: loudness and its variation."""

from __future__ import annotations

import math

import pytest

from processors.segments.signals.base import Signal
from processors.segments.signals.dynamics import Dynamics
from processors.segments.signals.loudness import Loudness
from tests.unit.segments.builders import material, utterance, windows


@pytest.mark.parametrize("signal", [Loudness(), Dynamics()], ids=lambda signal: signal.name)
@pytest.mark.parametrize("level", [None, float("-inf"), float("nan")])
def test_without_a_level_there_is_nothing_to_measure(signal: Signal, level: float | None) -> None:
    of = material([utterance("One two.", 0, loudness_db=level)])
    assert signal.measure(of, windows(of, (0, 5_000))) is None


def test_loudness_is_told_against_the_average() -> None:
    of = material([utterance("One two.", 0, loudness_db=-12.0), utterance("Three four.", 5_000, loudness_db=-20.0)])
    found = Loudness().measure(of, windows(of, (0, 4_000), (5_000, 9_000), (0, 9_000), (2_000, 3_000)))
    assert found is not None
    assert found.raw[:3].tolist() == [-12.0, -20.0, -16.0]
    assert math.isnan(found.raw[3])
    assert found.detail(0) == "4 dB louder than the speech on average"
    assert found.detail(1) == "4 dB softer than the speech on average"
    assert found.detail(2) == "as loud as the speech on average"


def test_loudness_skips_utterances_without_a_level() -> None:
    of = material([utterance("One two.", 0, loudness_db=-12.0), utterance("Three four.", 2_000, loudness_db=None)])
    found = Loudness().measure(of, windows(of, (0, 9_000)))
    assert found is not None
    assert found.raw.tolist() == [-12.0]


def test_dynamics_takes_two_utterances() -> None:
    said = [
        utterance("One two.", at_ms, loudness_db=level) for at_ms, level in ((0, -10.0), (2_000, -20.0), (4_000, -20.0))
    ]
    of = material(said)
    found = Dynamics().measure(of, windows(of, (0, 1_000), (0, 3_000), (2_000, 5_000)))
    assert found is not None
    assert math.isnan(found.raw[0])
    assert found.raw[1:].tolist() == pytest.approx([5.0, 0.0], abs=1e-9)
    assert found.detail(1) == "loudness varies by ±5.0 dB"
