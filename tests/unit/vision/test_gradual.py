"""Dissolves and fades in streams of looks at 25 pictures a second."""

from __future__ import annotations

import pytest

from processors.vision.boundaries import Boundary
from processors.vision.gradual import CALM_MS, GradualDetector
from processors.vision.look import Look
from tests.unit.vision.helpers import look, mix, plain

STEP_MS = 40
A, B, BLACK = look(1), look(2), plain(16)


def dissolve(first: Look, second: Look, pictures: int) -> list[Look]:
    return [mix(first, second, (number + 1) / (pictures + 1)) for number in range(pictures)]


def find(looks: list[Look], cut_at: int | None = None) -> list[Boundary]:
    detector = GradualDetector()
    found = []
    for number, each in enumerate(looks):
        transition = detector.push(number * STEP_MS, each, cut=number == cut_at)
        if transition is not None:
            found.append(transition)
    return found


@pytest.mark.parametrize("pictures", [10, 15, 25, 50])
def test_dissolve(pictures: int):
    (found,) = find([A] * 25 + dissolve(A, B, pictures) + [B] * 25)
    assert found.kind == "dissolve"
    middle_ms = STEP_MS * (25 + (pictures - 1) / 2)
    assert abs(found.at_ms - middle_ms) <= STEP_MS
    assert found.start_ms <= 25 * STEP_MS
    assert found.end_ms >= (24 + pictures) * STEP_MS


def test_two_dissolves():
    found = find([A] * 25 + dissolve(A, B, 20) + [B] * 25 + dissolve(B, look(3), 20) + [look(3)] * 25)
    assert len(found) == 2


@pytest.mark.parametrize(
    "looks",
    [
        pytest.param([A] * 25 + [B] * 50, id="hard cut that nobody marked"),
        pytest.param([look(1, shift=number // 2) for number in range(100)], id="pan"),
        pytest.param([look(1, brightness=number - 60, amplitude=30) for number in range(100)], id="light goes on"),
        pytest.param([BLACK] * 25 + dissolve(BLACK, A, 20) + [A] * 40, id="fade in at the start"),
        pytest.param([A] * 25 + dissolve(A, BLACK, 20) + [BLACK] * 40, id="fade out at the end"),
        pytest.param(dissolve(A, B, 120), id="too slow to be told from other change"),
        pytest.param([A] * 25 + dissolve(A, B, 20) + [B], id="the video ends before it is calm"),
        pytest.param([A], id="one picture"),
    ],
)
def test_no_transition(looks: list[Look]):
    assert find(looks) == []


@pytest.mark.parametrize("into_ms", [-CALM_MS // 2, 0, CALM_MS // 2])
def test_a_cut_at_the_end_of_a_dissolve_makes_it_part_of_the_cut(into_ms: int):
    cut_at = 45 + into_ms // STEP_MS
    looks = [*([A] * 25), *dissolve(A, B, 20), *([B] * 40)]
    assert find([*looks[:cut_at], *([look(3)] * 30)], cut_at) == []


def test_a_cut_well_after_a_dissolve_leaves_it():
    looks = [A] * 25 + dissolve(A, B, 20) + [B] * 40
    assert len(find([*looks, *([look(3)] * 30)], len(looks))) == 1


def test_fade_through_black():
    looks = [A] * 25 + dissolve(A, BLACK, 20) + [BLACK] * 10 + dissolve(BLACK, B, 20) + [B] * 25
    (found,) = find(looks)
    assert found.kind == "fade"
    assert abs(found.at_ms - 50 * STEP_MS) <= 4 * STEP_MS


def test_pictures_of_a_transition_are_not_safe_before_it_is_told():
    detector = GradualDetector()
    looks = [A] * 25 + dissolve(A, B, 20) + [B] * 25
    for number, each in enumerate(looks):
        transition = detector.push(number * STEP_MS, each, cut=False)
        if transition is not None:
            break
        if number > 30:
            assert detector.safe_ms <= 25 * STEP_MS
    else:
        pytest.fail("no transition")


def test_still_pictures_are_safe_at_once():
    detector = GradualDetector()
    for number in range(20):
        detector.push(number * STEP_MS, A, cut=False)
        assert detector.safe_ms == number * STEP_MS
