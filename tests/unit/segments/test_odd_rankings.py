"""Rankings of videos about which little is known, and of requests that leave little to rank by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from processors.options import parse_options
from processors.segments import Parts, rank
from processors.segments.gathering import LEAST_LONGEST_MS, longest_of
from processors.segments.learned import model
from processors.segments.opening import kept_opening_ms, opening_ms
from tests.unit.segments.builders import chunk, embedded, frame, parts, shots_at, talk, utterance

SENTENCE = "How does a turtle find one small beach after twenty years at sea?"


def silent(**options: Any) -> Parts:
    frames = [frame(at, motion=at / 100_000) for at in range(500, 60_000, 2_000)]
    return parts(60_000, [], frames, shots_at(*range(0, 60_001, 6_000)), **options)


@pytest.mark.parametrize(
    "preferences",
    [{"speech": 0.0, "audio": 0.0, "vision": 0.0}, {"vision": 0.0}, {"speech": 0.0}],
    ids=["place and length alone", "without pictures", "without words"],
)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_whatever_is_left_ranks(preferences: dict[str, float]) -> None:
    spoken = replace(talk(4), options=parse_options({"preferences": preferences}))
    for video in (silent(preferences=preferences), spoken):
        assert rank(video, understand=embedded).segments


def test_nothing_is_estimated_of_moments_without_words() -> None:
    segments = rank(silent()).segments
    assert segments
    assert all(segment.engagement is None for segment in segments)
    assert all(0 < segment.confidence < 0.5 for segment in segments)


def test_the_spread_of_a_single_sentence_is_what_is_usual() -> None:
    alone = parts(18_000, [chunk(utterance(SENTENCE, 2_000))])
    (segment,) = rank(alone, understand=embedded).segments
    assert segment.engagement is not None
    # with the spread that one sentence has, none, every single sentence would come to nearly nothing
    known = model()
    nothing = float(known.probability(*map(_one, (segment.score, known.worth_bias)), 0.0)[0])
    usual = float(known.probability(*map(_one, (segment.score, known.worth_bias)), known.spread)[0])
    assert nothing < 0.1 < usual
    assert segment.engagement.score > nothing


def _one(value: float) -> Any:
    return np.array([value])


def test_segments_of_short_videos_are_shorter_unless_a_length_is_asked_for() -> None:
    assert longest_of(90_000, 63_000) == LEAST_LONGEST_MS
    assert longest_of(90_000, 150_000) == 50_000
    assert longest_of(90_000, 600_000) == 90_000
    assert longest_of(60_000, 63_000) == 60_000


def test_the_opening_is_kept_where_it_is_long_enough() -> None:
    assert kept_opening_ms(119_000) == 0
    assert kept_opening_ms(120_000) == opening_ms(120_000) == 30_000
    assert kept_opening_ms(3_600_000) == 180_000
    segments = rank(talk(6), understand=embedded).segments
    assert len(segments) >= 5
    assert any(segment.end_ms <= kept_opening_ms(360_000) for segment in segments)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"max_segment_ms": 5_000}, (5_000, 5_000)),
        ({"min_segment_ms": 100_000}, (100_000, 100_000)),
        ({"min_segment_ms": 20_000}, (20_000, 90_000)),
        ({"min_segment_ms": 1_000, "max_segment_ms": 4_000}, (1_000, 4_000)),
    ],
)
def test_a_length_alone_takes_the_other_with_it(given: dict[str, int], expected: tuple[int, int]) -> None:
    options = parse_options(given)
    assert (options.min_segment_ms, options.max_segment_ms) == expected
