"""What holds for every signal."""

from __future__ import annotations

import numpy as np
import pytest

from processors.segments import signals
from processors.segments.candidates import Window
from processors.segments.gathering import gather
from processors.segments.learned import model
from processors.segments.material import Material
from processors.segments.signals import ALL, GROUPS, Signal
from tests.unit.segments.builders import embedded, talk


def test_every_signal_has_a_learned_weight_and_a_name_of_its_own() -> None:
    assert set(model().weights) == {signal.name for signal in ALL}
    assert sum(model().weights.values()) == pytest.approx(1.0)
    assert min(model().weights.values()) > 0
    assert len({signal.name for signal in ALL} | set(GROUPS)) == len(ALL) + len(GROUPS)


def test_the_table_in_the_docstring_is_true() -> None:
    assert signals.__doc__ is not None
    rows = [line.split(maxsplit=2) for line in signals.__doc__.splitlines() if line.startswith(GROUPS)]
    assert {(row[0], row[1]) for row in rows} == {(each.group, each.name) for each in ALL}


@pytest.fixture(scope="module")
def long_talk() -> Material:
    return gather(talk(4), understand=embedded).material


@pytest.mark.parametrize("signal", ALL, ids=lambda signal: signal.name)
def test_measures_every_window_and_words_it(signal: Signal, long_talk: Material) -> None:
    spans = [Window(start, start + 20_000, 0, 1) for start in range(0, 200_000, 7_000)]
    found = signal.measure(long_talk, long_talk.windows(spans))
    assert found is not None
    assert found.raw.shape == (len(spans),)
    assert np.isfinite(found.raw).any()
    for index in np.flatnonzero(np.isfinite(found.raw)):
        assert found.detail(int(index)).strip()
