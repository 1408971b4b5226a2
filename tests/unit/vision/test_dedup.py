"""Near-duplicates by thumbnails."""

from __future__ import annotations

import numpy as np
import pytest

from processors.vision.dedup import Duplicates
from processors.vision.look import Look
from tests.unit.vision.helpers import look, plain


def noisy(one: Look, seed: int, deviation: float = 4.0) -> Look:
    random = np.random.default_rng(seed)
    return Look((one.luma + random.normal(0, deviation, one.luma.shape)).astype(np.float32), one.chroma)


def test_nothing_was_seen_at_first():
    assert not Duplicates().seen(look(1))


@pytest.mark.parametrize(
    ("known", "other", "same"),
    [
        pytest.param(look(1), look(1), True, id="the same"),
        pytest.param(look(1), noisy(look(1), 7), True, id="noise"),
        pytest.param(look(1), look(1, brightness=10, amplitude=66), True, id="brighter, more contrast"),
        pytest.param(look(1), look(2), False, id="another"),
        pytest.param(look(1), look(1, shift=5), False, id="the camera moved on"),
        pytest.param(plain(16), plain(18), True, id="black twice"),
        pytest.param(plain(16), noisy(plain(16), 3, 1.5), True, id="black with noise"),
        pytest.param(plain(16), plain(200), False, id="black and white"),
        pytest.param(plain(128), look(1), False, id="plain and not"),
        pytest.param(look(1), Look(look(1).luma, look(1).chroma + 30), False, id="another colour"),
    ],
)
def test_pairs(known: Look, other: Look, same: bool):
    duplicates = Duplicates()
    duplicates.add(known)
    assert duplicates.seen(other) is same


def test_threshold_is_a_setting():
    strict, lax = Duplicates(threshold=0.9999), Duplicates(threshold=0.5)
    for duplicates in (strict, lax):
        duplicates.add(look(1))
    assert not strict.seen(noisy(look(1), 7))
    assert lax.seen(noisy(look(1), 7, 30))


def test_a_glimpse_must_be_met_more_closely():
    near = noisy(look(1), 7, 21.0)  # cosine about 0.94
    chosen, glimpsed = Duplicates(), Duplicates()
    chosen.add(look(1))
    glimpsed.glimpse(look(1))
    assert chosen.seen(near)
    assert not glimpsed.seen(near)
    assert glimpsed.seen(look(1))


def test_memory_is_bounded_and_forgets_the_oldest():
    duplicates = Duplicates(capacity=3)
    for seed in range(5):
        duplicates.add(look(seed))
    assert [duplicates.seen(look(seed)) for seed in range(5)] == [False, False, True, True, True]
