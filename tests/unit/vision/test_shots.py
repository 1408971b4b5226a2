"""Hard cuts in streams of looks; each row draws the stream, one letter a picture, and says where cuts are."""

from __future__ import annotations

import numpy as np
import pytest

from processors.vision.look import Look, difference
from processors.vision.shots import MIN_SHOT_MS, CutDetector, Decided
from tests.unit.vision.helpers import look, mix, plain

STEP_MS = 40
A, B, C = look(1), look(2), look(3)
LOOKS = {"A": A, "B": B, "C": C, "x": mix(A, B, 0.5), "k": plain(16), "w": plain(250)}


def decide(looks: list[Look], step_ms: int = STEP_MS) -> list[Decided]:
    detector = CutDetector()
    found = [one for number, each in enumerate(looks) for one in detector.push(number * step_ms, each)]
    return [*found, *detector.flush()]


def cuts(looks: list[Look], step_ms: int = STEP_MS) -> list[int]:
    return [one.pts_ms // step_ms for one in decide(looks, step_ms) if one.cut]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param("A" * 30, [], id="still"),
        pytest.param("A" * 20 + "B" * 20, [20], id="one cut"),
        pytest.param("A" * 20 + "B" * 20 + "C" * 20, [20, 40], id="two cuts"),
        pytest.param("A" * 20 + "B" * 20 + "A" * 20, [20, 40], id="there and back"),
        pytest.param("A" * 20 + "x" + "B" * 20, [20], id="blended cut is one cut"),
        pytest.param("A" * 20 + "B" + "A" * 20, [], id="one foreign picture is no cut"),
        pytest.param("A" * 20 + "ww" + "A" * 20, [], id="flash"),
        pytest.param("A" * 20 + "w" + "B" * 20, [20], id="flash on a cut"),
        pytest.param("A" * 20 + "B" * 12 + "A" * 20, [20, 32], id="short shot"),
        pytest.param("A" * 20 + "B" * 9 + "C" * 20, [20], id="too short: one boundary"),
        pytest.param("A" * 11 + "B" * 20, [11], id="early"),
        pytest.param("A" * 20 + "B", [20], id="last picture"),
        pytest.param("A" * 20 + "k" * 20 + "A" * 20, [20, 40], id="black between"),
        pytest.param("A", [], id="one picture"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_cuts(stream: str, expected: list[int]):
    assert cuts([LOOKS[letter] for letter in stream]) == expected


@pytest.mark.parametrize("step_ms", [1000, 200, 40, 16])
def test_cut_at_every_picture_rate(step_ms: int):
    before = max(20, MIN_SHOT_MS // step_ms + 1)
    assert cuts([A] * before + [B] * 30, step_ms) == [before]


def test_fast_camera_is_no_cut():
    moving = [look(1, shift=3 * number) for number in range(30)]
    assert difference(moving[0], moving[1]) > 11  # as strong as a weak cut
    assert cuts(moving) == []


def test_a_cut_within_motion_is_found():
    moving = [look(1, shift=number) for number in range(30)] + [look(2, shift=number) for number in range(30)]
    assert cuts(moving) == [30]


def test_a_light_that_goes_slowly_on_is_no_cut():
    assert cuts([look(1, brightness=3.0 * number, amplitude=20) for number in range(30)]) == []


def test_cuts_in_the_dark_are_found():
    dark = [Look((41 + (one.luma - 128) * 0.2).astype(np.float32), A.chroma) for one in (A, B)]
    assert 11 < difference(*dark) < 20
    assert cuts([dark[0]] * 20 + [dark[1]] * 20) == [20]


@pytest.mark.parametrize("count", [0, 1, 5, 6, 7, 40])
def test_every_picture_is_decided_once_in_order(count: int):
    decided = decide([LOOKS["AB"[number // 10 % 2]] for number in range(count)])
    assert [one.pts_ms for one in decided] == [STEP_MS * number for number in range(count)]
    assert [one.before_ms for one in decided] == [max(0, STEP_MS * (number - 1)) for number in range(count)]


def test_decisions_lag_by_the_window_only():
    detector = CutDetector()
    lags = [number - len(list(detector.push(number * STEP_MS, A))) for number in range(20)]
    assert lags[:7] == [0, 1, 2, 3, 4, 5, 5]  # from the seventh picture on, one goes in and one comes out


def test_time_must_rise():
    detector = CutDetector()
    list(detector.push(40, A))
    with pytest.raises(ValueError, match="time must rise"):
        list(detector.push(40, A))


def test_after_a_retracted_cut_the_next_one_counts():
    detector = CutDetector()
    found = []
    for number, each in enumerate([A] * 20 + [B] * 6 + [C] * 20):
        for one in detector.push(number * STEP_MS, each):
            if one.cut:
                found.append(one.pts_ms // STEP_MS)
                if len(found) == 1:
                    detector.retract()
    assert found == [20, 26]
