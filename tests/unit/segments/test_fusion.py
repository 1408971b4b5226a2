from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from processors.segments.fusion import NOT_MEASURED, fuse
from processors.segments.material import Material, Windows
from processors.segments.signals.base import Measured, Signal
from tests.unit.segments.builders import material, utterance, windows

NAN = float("nan")


class Given(Signal):
    """A signal that measures what the test says."""

    group = "speech"

    def __init__(self, name: str, weight: float, raw: Sequence[float] | None) -> None:
        self.name, self.weight, self._raw = name, weight, raw

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        if self._raw is None:
            return None
        return Measured(np.array(self._raw, dtype=np.float64), lambda index: f"{self.name} {index}")


def _fuse(*signals: Given, weights: dict[str, float] | None = None, count: int = 2):  # type: ignore[no-untyped-def]
    of = material([utterance("One two three four five six.", 0)])
    spans = windows(of, *((0, 1_000 + index) for index in range(count)))
    return fuse(of, spans, weights or {signal.name: signal.weight for signal in signals}, signals)


def test_score_is_the_weighted_mean_of_percentiles() -> None:
    fusion = _fuse(Given("a", 3.0, [1, 2]), Given("b", 1.0, [9, 8]))
    assert fusion.scores.tolist() == [0.75 * 0.25 + 0.25 * 0.75, 0.75 * 0.75 + 0.25 * 0.25]
    assert [(reason.signal, reason.value, reason.weight) for reason in fusion.reasons(0)] == [
        ("a", 0.25, 0.75),
        ("b", 0.75, 0.25),
    ]
    assert fusion.reasons(1)[0].detail == "a 1"


def test_reasons_come_by_contribution_and_then_by_name() -> None:
    fusion = _fuse(Given("z", 1.0, [1, 2]), Given("y", 1.0, [1, 2]), Given("x", 1.0, [2, 1]))
    assert [reason.signal for reason in fusion.reasons(0)] == ["x", "z", "y"]  # y has the smaller remainder
    assert sum(round(reason.weight * 10_000) for reason in fusion.reasons(0)) == 10_000


def test_a_missing_signal_shifts_weight_and_lowers_evidence() -> None:
    fusion = _fuse(Given("a", 3.0, [1, 2]), Given("gone", 1.0, None))
    assert fusion.names == ["a"]
    assert fusion.scores.tolist() == [0.25, 0.75]
    assert fusion.evidence.tolist() == [0.75, 0.75]


def test_what_one_window_lacks_is_neither_good_nor_bad_there() -> None:
    fusion = _fuse(Given("a", 1.0, [1, 2]), Given("b", 1.0, [NAN, 2]))
    assert {reason.signal: reason.detail for reason in fusion.reasons(0)}["b"] == NOT_MEASURED
    assert fusion.scores.tolist() == [0.5 * 0.25 + 0.5 * 0.5, 0.5 * 0.75 + 0.5 * 0.5]
    assert fusion.evidence.tolist() == [0.5, 1.0]


def test_a_signal_that_tells_nothing_apart_is_left_out_but_is_evidence() -> None:
    fusion = _fuse(Given("a", 1.0, [1, 2]), Given("flat", 1.0, [5, 5]))
    assert fusion.names == ["a"]
    assert fusion.evidence.tolist() == [1.0, 1.0]


def test_all_flat_signals_are_kept() -> None:
    fusion = _fuse(Given("a", 1.0, [5, 5]), Given("b", 1.0, [1, 1]))
    assert fusion.scores.tolist() == [0.5, 0.5]
    assert [reason.weight for reason in fusion.reasons(0)] == [0.5, 0.5]


def test_a_single_window_scores_a_half() -> None:
    fusion = _fuse(Given("a", 1.0, [5]), Given("b", 2.0, [1]), count=1)
    assert fusion.scores.tolist() == [0.5]


@pytest.mark.parametrize(
    ("b_raw", "names"), [([1, 2], ["b"]), (None, ["a"])], ids=["others there", "nothing else there"]
)
def test_weight_zero_leaves_out_unless_nothing_else_is_there(b_raw: list[float] | None, names: list[str]) -> None:
    fusion = _fuse(Given("a", 1.0, [2, 1]), Given("b", 1.0, b_raw), weights={"a": 0.0, "b": 1.0})
    assert [reason.signal for reason in fusion.reasons(0)] == names
    assert fusion.evidence.tolist() == ([1.0, 1.0] if b_raw else [0.0, 0.0])


def test_nothing_measured_scores_nothing() -> None:
    fusion = _fuse(Given("a", 1.0, None))
    assert fusion.scores.tolist() == [0.0, 0.0]
    assert fusion.reasons(0) == []
