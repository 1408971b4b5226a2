"""The signals of the picture: faces, motion, picture, screen text, rhythm, novelty."""

from __future__ import annotations

import math

import pytest

from processors.domain import Face, FrameAnalysis, Shot
from processors.segments.material import NEAREST_FRAME_MS
from processors.segments.signals.base import Measured, Signal
from processors.segments.signals.faces import Faces
from processors.segments.signals.motion import Motion
from processors.segments.signals.novelty import SCENE_CHANGE, Novelty
from processors.segments.signals.picture import Picture
from processors.segments.signals.rhythm import Rhythm
from processors.segments.signals.screen_text import ScreenText
from tests.unit.segments.builders import frame, material, shots_at, windows

VISION = [Faces(), Motion(), Picture(), ScreenText(), Rhythm(), Novelty()]


def measure(
    signal: Signal, frames: list[FrameAnalysis], *spans: tuple[int, int], shots: list[Shot] | None = None
) -> Measured:
    of = material([], frames, shots or (), duration_ms=60_000)
    found = signal.measure(of, windows(of, *spans))
    assert found is not None
    return found


@pytest.mark.parametrize("signal", VISION, ids=lambda signal: signal.name)
def test_without_pictures_there_is_nothing_to_measure(signal: Signal) -> None:
    of = material([], duration_ms=10_000)
    assert signal.measure(of, windows(of, (0, 5_000))) is None


def test_faces_count_by_presence_and_size() -> None:
    small, large, doubtful = Face(0, 0, 0.1, 0.1, 0.9), Face(0, 0, 0.4, 0.4, 0.9), Face(0, 0, 1.0, 1.0, 0.4)
    frames = [
        frame(1_000, faces=[small]),
        frame(2_000),
        frame(11_000, faces=[small, large]),
        frame(21_000, faces=[doubtful]),
    ]
    found = measure(Faces(), frames, (0, 10_000), (10_000, 20_000), (20_000, 30_000))
    assert found.raw.tolist() == pytest.approx([0.5 + 0.5 * 0.05, 1 + 0.5 * 0.4, 0.0])
    assert [found.detail(index) for index in range(3)] == [
        "a face in 1 of 2 frames",
        "a face in 1 of 1 frame, close up",
        "no face in 1 frame",
    ]


def test_motion_is_told_against_the_usual() -> None:
    frames = [frame(1_000, motion=0.4), frame(11_000, motion=0.1), frame(21_000, motion=0.0)]
    found = measure(Motion(), frames, (0, 10_000), (10_000, 20_000), (20_000, 30_000))
    assert found.raw.tolist() == pytest.approx([0.4, 0.1, 0.0])
    assert found.detail(0) == "2.4 times the usual motion"
    assert found.detail(2) == "hardly any motion"


def test_picture_joins_score_and_rank_of_sharpness() -> None:
    frames = [frame(1_000, score=0.8, sharpness=900.0), frame(11_000, score=0.8, sharpness=10.0)]
    found = measure(Picture(), frames, (0, 10_000), (10_000, 20_000))
    assert found.raw.tolist() == pytest.approx([(0.8 + 0.75) / 2, (0.8 + 0.25) / 2])
    assert found.detail(0) == "best frame scores 0.80, sharper than 75 % of the frames"


def test_screen_text_needs_letters() -> None:
    frames = [frame(1_000, text=["LATEST NEWS", "today"]), frame(2_000, text=["-|"]), frame(11_000)]
    found = measure(ScreenText(), frames, (0, 10_000), (10_000, 20_000))
    assert found.raw.tolist() == [0.5, 0.0]
    assert found.detail(0) == "text in 1 frame: “LATEST NEWS today”"
    assert found.detail(1) == "no text in the picture"


#    window, cuts strictly inside of 0, 5000, 10000, 20000
RHYTHM = [((0, 10_000), 1), ((0, 10_001), 2), ((5_000, 10_000), 0), ((4_999, 10_000), 1), ((12_000, 18_000), 0)]


@pytest.mark.parametrize(("span", "cuts"), RHYTHM)
def test_rhythm_counts_cuts_strictly_inside(span: tuple[int, int], cuts: int) -> None:
    found = measure(Rhythm(), [], span, shots=shots_at(0, 5_000, 10_000, 20_000))
    assert found.raw[0] == pytest.approx(cuts * 60_000 / (span[1] - span[0]))
    assert ("cut" in found.detail(0)) == (cuts > 0)


def test_novelty_is_the_change_against_the_frame_before() -> None:
    frames = [
        frame(1_000, brightness=0.2, colourfulness=0.1),
        frame(11_000, brightness=0.5, colourfulness=0.3),
        frame(21_000, brightness=0.5, colourfulness=0.3, scene="title"),
        frame(31_000, brightness=0.5, colourfulness=0.3, scene="title"),
    ]
    spans = [(start_ms, start_ms + 10_000) for start_ms in (0, 10_000, 20_000, 30_000)]
    found = measure(Novelty(), frames, *spans)
    assert math.isnan(found.raw[0])
    assert found.raw[1:].tolist() == pytest.approx([0.5, SCENE_CHANGE, 0.0])


def test_novelty_takes_two_frames() -> None:
    of = material([], [frame(0)], duration_ms=10_000)
    assert Novelty().measure(of, windows(of, (0, 5_000))) is None


@pytest.mark.parametrize(
    ("start_ms", "known"),
    [(1_001 + NEAREST_FRAME_MS - 1, True), (1_001 + NEAREST_FRAME_MS, False)],
    ids=["at the limit", "beyond"],
)
def test_a_window_without_frames_shows_the_nearest(start_ms: int, known: bool) -> None:
    found = measure(Motion(), [frame(1_000, motion=0.3)], (start_ms, start_ms + 500))
    assert math.isnan(found.raw[0]) != known


@pytest.mark.parametrize("signal", VISION, ids=lambda signal: signal.name)
def test_numbers_that_are_none_do_not_spread(signal: Signal) -> None:
    broken = frame(
        1_000, score=math.nan, sharpness=math.inf, brightness=math.nan, colourfulness=math.nan, motion=math.nan
    )
    fine = [frame(11_000, motion=0.2), frame(12_000, motion=0.2)]
    found = measure(signal, [broken, *fine], (10_000, 20_000), shots=shots_at(0, 60_000))
    assert math.isfinite(found.raw[0])
