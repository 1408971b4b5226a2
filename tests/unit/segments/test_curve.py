from __future__ import annotations

from processors.segments.curve import interest_curve
from processors.segments.weights import preferred_weights
from tests.unit.segments.builders import frame, material, shots_at, utterance

WEIGHTS = preferred_weights({})


def test_one_figure_for_each_started_second() -> None:
    said = [utterance("Why do you think that three rivers never end?", 0)]
    assert len(interest_curve(material(said, duration_ms=30_000), WEIGHTS)) == 30
    assert len(interest_curve(material(said, duration_ms=30_001), WEIGHTS)) == 31


def test_speech_is_above_silence() -> None:
    said = [utterance("Why do you think that three rivers never end?", 10_000)]  # to 13.1 s
    curve = interest_curve(material(said, duration_ms=30_000), WEIGHTS)
    assert min(curve[10:13]) > max(curve[20:])
    assert all(0 <= level <= 1 for level in curve)


def test_pictures_alone_make_a_curve() -> None:
    frames = [frame(at_ms, motion=0.9 if at_ms > 10_000 else 0.0) for at_ms in range(500, 20_000, 1_000)]
    curve = interest_curve(material([], frames, shots_at(0, 20_000)), WEIGHTS)
    assert max(curve[:8]) < min(curve[13:])


def test_nothing_gives_no_curve() -> None:
    assert interest_curve(material([], duration_ms=5_000), WEIGHTS) == []
    assert interest_curve(material([]), WEIGHTS) == []
