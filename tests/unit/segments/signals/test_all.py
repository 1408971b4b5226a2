"""What holds for every signal."""

from __future__ import annotations

import numpy as np
import pytest

from processors.segments import signals
from processors.segments.candidates import Window
from processors.segments.document import build_document
from processors.segments.material import Material
from processors.segments.sentences import split_sentences
from processors.segments.signals import ALL, GROUPS, Signal
from processors.segments.words import tokens_of
from tests.unit.segments.builders import talk


def test_weights_add_up_to_one_and_names_are_unique() -> None:
    assert sum(signal.weight for signal in ALL) == pytest.approx(1.0)
    assert len({signal.name for signal in ALL} | set(GROUPS)) == len(ALL) + len(GROUPS)


def test_the_table_in_the_docstring_is_true() -> None:
    assert signals.__doc__ is not None
    rows = [
        line.split(maxsplit=3)
        for line in signals.__doc__.splitlines()
        if line.startswith(tuple(f"{g} " for g in GROUPS))
    ]
    assert {(row[0], row[1], float(row[2])) for row in rows} == {(each.group, each.name, each.weight) for each in ALL}


@pytest.fixture(scope="module")
def long_talk() -> Material:
    document = build_document(talk(4))
    tokens = tokens_of(document.transcript)
    return Material.of(document, tokens, split_sentences(tokens), 240_000)


@pytest.mark.parametrize("signal", ALL, ids=lambda signal: signal.name)
def test_measures_every_window_and_words_it(signal: Signal, long_talk: Material) -> None:
    spans = [Window(start, start + 20_000, 0, 1) for start in range(0, 200_000, 7_000)]
    found = signal.measure(long_talk, long_talk.windows(spans))
    assert found is not None
    assert found.raw.shape == (len(spans),)
    assert np.isfinite(found.raw).any()
    for index in np.flatnonzero(np.isfinite(found.raw)):
        assert found.detail(int(index)).strip()
