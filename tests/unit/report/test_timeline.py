from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.domain import Shot
from processors.report import timeline
from tests.unit.segments.builders import shots_at, utterance


def test_speech_bars_join_what_touches_and_keep_languages_apart() -> None:
    said = [
        utterance("one", 0),  # 0..300
        utterance("two", 400),  # 100 ms of 100 s later: 0.1 %
        utterance("drei", 800, "de"),
        utterance("four", 50_000),
    ]
    bars = timeline.speech_bars(said, ["en", "de"], 100_000)
    assert [(bar.x, bar.width, bar.kind) for bar in bars] == [(0.0, 0.7, 0), (0.8, 0.3, 1), (50.0, 0.3, 0)]


def test_a_language_that_is_not_listed_has_a_kind_of_its_own() -> None:
    assert timeline.speech_bars([utterance("one", 0, "fr")], ["en"], 1_000)[0].kind == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 90_000), st.integers(1, 30_000)), max_size=30))
def test_markers_of_one_lane_never_touch(drawn: list[tuple[int, int]]) -> None:
    spans = [(start, min(start + length, 100_000)) for start, length in drawn]
    found = timeline.markers(spans, 100_000)
    assert len(found) == len(spans)
    half = timeline.BADGE_PERCENT / 2
    taken: dict[int, list[tuple[float, float]]] = {}
    for marker, span in zip(found, spans, strict=True):
        assert marker.x == pytest.approx(span[0] / 1_000, abs=0.01)
        assert half <= marker.middle <= 100 - half
        left, right = min(marker.x, marker.middle - half), max(marker.x + marker.width, marker.middle + half)
        for begin, end in taken.get(marker.lane, []):
            assert right <= begin + 0.03 or left >= end - 0.03
        taken.setdefault(marker.lane, []).append((left, right))


def test_segments_apart_share_a_lane() -> None:
    assert [marker.lane for marker in timeline.markers([(50_000, 60_000), (0, 9_000), (4_000, 20_000)], 100_000)] == [
        0,
        0,
        1,
    ]


@pytest.mark.parametrize("duration_ms", [1, 999, 1_000, 9_000, 74_000, 600_000, 10_800_000, 400_000_000])
def test_axis_has_few_round_labels(duration_ms: int) -> None:
    ticks = timeline.axis(duration_ms)
    assert 1 <= len(ticks) <= timeline.AXIS_LABELS + 1
    assert ticks[0].label == "0:00"
    assert len({tick.label for tick in ticks}) == len(ticks)
    assert all(0 <= tick.x <= 100 for tick in ticks)


def test_axis_of_nothing() -> None:
    assert timeline.axis(0) == []


def test_cuts_are_lines_until_there_are_too_many() -> None:
    few, many = shots_at(*range(0, 101_000, 1_000)), shots_at(*range(0, 100_300, 300))
    assert timeline.cut_path(few, 100_000).count("M") == 99
    assert timeline.cut_density(few, 100_000) == []
    assert timeline.cut_path(many, 100_000) == ""
    shades = timeline.cut_density(many, 100_000)
    assert max(shade.opacity for shade in shades) == 1
    assert all(0 < shade.opacity <= 1 for shade in shades)


def test_gradual_transitions_have_lines_and_words_of_their_own() -> None:
    kinds = [None, "cut", "dissolve", "fade", "dissolve", None, "a kind of a newer version"]
    shots = [Shot(at, at * 1_000, at * 1_000 + 1_000, kind) for at, kind in enumerate(kinds)]
    assert timeline.cut_path(shots, 10_000) == "M10 0V1M50 0V1M60 0V1"
    assert timeline.cut_path(shots, 10_000, gradual=True) == "M20 0V1M30 0V1M40 0V1"
    assert timeline.gradual_counts(shots) == "2 dissolves, 1 fade"
    assert timeline.gradual_counts(shots[:2]) == timeline.cut_path(shots[:2], 10_000, gradual=True) == ""
    many = shots * timeline.MOST_CUT_LINES
    assert timeline.cut_path(many, 10_000, gradual=True) == ""
    assert "dissolves" in timeline.gradual_counts(many)


def test_curve_stays_in_its_box_and_has_few_points() -> None:
    path = timeline.curve_path([0.0, 1.0] * 5_000, 10_000_000)
    points = [tuple(map(float, pair.split())) for pair in re.findall(r"[\d.]+ [\d.]+", path)]
    assert points[0][0] == 0
    assert points[-1][0] == 100
    assert len(points) <= timeline.CURVE_POINTS + 2
    assert all(0 <= x <= 100 and 0 <= y <= 100 for x, y in points)
    assert timeline.curve_path([], 1_000) == ""


def test_the_curve_ends_where_the_decoded_video_ends() -> None:
    assert timeline.curve_path([1.0, 1.0], 10_000) == "M0 0L5 0L15 0L20 0"


def test_high_interest_is_up() -> None:
    assert timeline.curve_path([1.0], 1_000) == "M0 0L50 0L100 0"
    assert timeline.curve_path([0.0], 1_000) == "M0 100L50 100L100 100"
