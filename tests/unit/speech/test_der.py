from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from processors.domain import Turn
from processors.speech.der import DiarizationErrors, assignment, best_mapping, diarization_errors

A, B = Turn(0, 1_000, "A"), Turn(1_000, 3_000, "B")


@pytest.mark.parametrize(
    ("found", "collar_ms", "expected"),
    [
        pytest.param([Turn(0, 1_000, "x"), Turn(1_000, 3_000, "y")], 0, (3_000, 0, 0, 0), id="right, other names"),
        pytest.param([], 0, (3_000, 3_000, 0, 0), id="nobody found"),
        pytest.param([Turn(0, 3_000, "x")], 0, (3_000, 0, 0, 1_000), id="one for both: the longer one is right"),
        pytest.param([Turn(0, 1_000, "x"), Turn(1_000, 4_000, "y")], 0, (3_000, 0, 1_000, 0), id="goes on too long"),
        pytest.param([Turn(0, 1_000, "x"), Turn(1_500, 3_000, "y")], 0, (3_000, 500, 0, 0), id="begins too late"),
        pytest.param([Turn(0, 1_200, "x"), Turn(1_200, 3_000, "y")], 0, (3_000, 0, 0, 200), id="border too late"),
        pytest.param([Turn(0, 1_200, "x"), Turn(1_200, 3_000, "y")], 250, (2_000, 0, 0, 0), id="within the collar"),
        pytest.param([Turn(0, 1_300, "x"), Turn(1_300, 3_000, "y")], 250, (2_000, 0, 0, 50), id="beyond the collar"),
        pytest.param([Turn(0, 3_000, "x"), Turn(0, 3_000, "y")], 0, (3_000, 0, 3_000, 0), id="twice at all times"),
        pytest.param(
            [Turn(0, 500, "x"), Turn(500, 1_000, "x"), Turn(1_000, 3_000, "y")], 0, (3_000, 0, 0, 0), id="in pieces"
        ),
        pytest.param([Turn(0, 1_000, "x"), Turn(5, 5, "z"), B], 0, (3_000, 0, 0, 0), id="an empty turn"),
    ],
)
def test_errors(found: list[Turn], collar_ms: int, expected: tuple[int, int, int, int]) -> None:
    assert diarization_errors([A, B], found, collar_ms) == DiarizationErrors(*expected)


def test_overlaps_count_for_each_speaker() -> None:
    both = [Turn(0, 2_000, "A"), Turn(1_000, 2_000, "B")]
    assert diarization_errors(both, [Turn(0, 2_000, "x")]) == DiarizationErrors(3_000, 1_000, 0, 0)


def drawn(seed: int) -> list[list[Turn]]:
    chance = random.Random(seed)
    sides = []
    for names in ("ABC", "xyzw"):
        turns, at = [], 0
        for _ in range(12):
            at = max(0, at + chance.randint(-400, 900))
            length = chance.randint(300, 4_000)
            turns.append(Turn(at, at + length, chance.choice(names)))
            at += length
        sides.append(turns)
    return sides


# What pyannote.metrics 4.2.0 says of these turns (its collar is the sum of both sides): total, missed, false, confused.
@pytest.mark.parametrize(
    ("seed", "collar_ms", "expected"),
    [
        (1, 0, (23_218, 3_845, 7_664, 9_842)),
        (1, 250, (16_980, 2_085, 4_994, 7_010)),
        (2, 0, (29_397, 5_164, 4_610, 12_262)),
        (2, 250, (22_615, 2_973, 1_783, 9_286)),
        (3, 0, (26_149, 4_560, 4_999, 9_496)),
        (3, 250, (20_579, 2_559, 2_704, 7_326)),
        (4, 0, (22_629, 3_491, 5_547, 8_928)),
        (4, 250, (16_975, 2_928, 3_121, 5_975)),
    ],
)
def test_the_same_as_pyannote_metrics(seed: int, collar_ms: int, expected: tuple[int, int, int, int]) -> None:
    truth, found = drawn(seed)
    assert diarization_errors(truth, found, collar_ms) == DiarizationErrors(*expected)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6])
def test_no_assignment_costs_less(size: int) -> None:
    costs = np.random.default_rng(size).integers(-50, 50, (size, size)).astype(np.float64)
    chosen = assignment(costs)
    assert sorted(chosen) == list(range(size))
    least = min(sum(costs[row, column] for row, column in enumerate(p)) for p in itertools.permutations(range(size)))
    assert sum(costs[row, column] for row, column in enumerate(chosen)) == least


def test_more_names_than_speakers_are_mapped_to_nobody() -> None:
    agreed = {("A", "x"): 5, ("A", "y"): 9, ("B", "x"): 1, ("B", "y"): 8}
    assert best_mapping(agreed) == {"x": "A", "y": "B"}
    assert best_mapping({("A", "x"): 5, ("A", "y"): 9}) == {"y": "A"}
    assert best_mapping({}) == {}


def test_rates_are_of_the_speech_and_pool() -> None:
    errors = DiarizationErrors(1_000, 100, 50, 25) + DiarizationErrors(1_000, 0, 0, 0)
    assert errors.to_dict() == {"der": 0.0875, "missed": 0.05, "false_alarm": 0.025, "confusion": 0.0125}
    assert DiarizationErrors(0, 0, 10, 0).rate == 1.0
    assert DiarizationErrors().rate == 0.0
