"""The order of segments by score and rating; scores and the sum of reasons stay."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.domain import Insight, Label, PlatformFit, Reason, Segment
from processors.enrichment.looked import Looked
from processors.enrichment.merged import enriched_segments
from processors.enrichment.reranking import SIGNAL, rated, reranked
from processors.enrichment.written import Copy, PlatformText, Written


def segments(*scores: float) -> list[Segment]:
    return [
        Segment(
            f"s{at}", at + 1, at * 10, at * 10 + 9, score, 0.5, f"title {at}", "text",
            [Reason("speech", score, 0.6, "a"), Reason("faces", score, 0.4, "b")], None,
        )
        for at, score in enumerate(scores)
    ]  # fmt: skip


def order(scores: list[float], ratings: dict[str, float], weight: float) -> list[str]:
    return [segment.segment_id for segment in reranked(segments(*scores), ratings, weight)]


@pytest.mark.parametrize(
    ("ratings", "weight", "wanted"),
    [
        ({}, 0.3, ["s0", "s1", "s2", "s3"]),
        ({"s0": 0, "s1": 10}, 0.0, ["s0", "s1", "s2", "s3"]),
        # 0.7 * 0.9 + 0 = 0.63; 0.7 * 0.8 + 0.3 = 0.86; 0.7 * 0.7 + 0.15 = 0.64
        ({"s0": 0, "s1": 10, "s2": 5}, 0.3, ["s1", "s2", "s0", "s3"]),
        ({"s0": 0, "s2": 10}, 0.3, ["s2", "s1", "s0", "s3"]),
        ({"s0": 5, "s1": 5, "s2": 5, "s3": 5}, 1.0, ["s0", "s1", "s2", "s3"]),
        ({"s3": 10}, 1.0, ["s0", "s1", "s2", "s3"]),
    ],
    ids=["no rating", "no weight", "all that are rated", "one between keeps its place", "ties", "alone"],
)
def test_rated_segments_change_places_among_themselves(
    ratings: dict[str, float], weight: float, wanted: list[str]
) -> None:
    assert order([0.9, 0.8, 0.7, 0.6], ratings, weight) == wanted


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=8),
    st.dictionaries(st.sampled_from([f"s{n}" for n in range(8)]), st.floats(0, 10)),
    st.floats(0, 1),
)
def test_nothing_is_lost_and_scores_stay(scores: list[float], ratings: dict[str, float], weight: float) -> None:
    before = segments(*scores)
    after = reranked(before, ratings, weight)
    assert [segment.rank for segment in after] == list(range(1, len(before) + 1))
    assert {segment.segment_id: segment.score for segment in after} == {
        segment.segment_id: segment.score for segment in before
    }
    for was, now in zip(before, after, strict=True):
        if was.segment_id not in ratings:
            assert now == was


def test_a_rating_is_a_reason_that_adds_nothing() -> None:
    (before,) = segments(0.8)
    after = rated(rated(before, 3.0, "openai:m"), 7.5, "openai:m")
    assert after.reasons[-1] == Reason(SIGNAL, 0.75, 0.0, "rated 7.5 of 10 by openai:m")
    assert len(after.reasons) == len(before.reasons) + 1
    assert sum(one.value * one.weight for one in after.reasons) == pytest.approx(before.score)


COPY = Copy(
    9.0, "the hook", "the payoff", "teach", "A title", "A description.", ["tag"], 0.7,
    {"reels": PlatformText("Short", "Beside it.", ["tag"])},
)  # fmt: skip
WRITTEN = Written({"s1": COPY}, "openai:words", "clips-1")
SEEN = Insight("What is seen.", [Label("sea", 0.9)], 0.6, "openai:eyes", "moments-1")


def placed() -> list[Segment]:
    places = {name: PlatformFit(0.4, ["too long"], "local", "local", ["local"]) for name in ("reels", "other")}
    return [replace(one, hashtags=["old"], platforms=places) for one in segments(0.9, 0.8)]


def test_both_looks_are_in_one_segment() -> None:
    first, second = enriched_segments(placed(), Looked({"s1": SEEN, "s0": SEEN}), WRITTEN, 0.3)
    assert (first.segment_id, first.rank, second.segment_id) == ("s0", 1, "s1"), "alone it has nothing to change with"
    assert first == replace(placed()[0], insight=SEEN)
    assert second.insight == replace(SEEN, hook="the hook", payoff="the payoff", intent="teach")
    assert (second.title, second.description, second.hashtags) == ("A title", "A description.", ["tag"])
    assert second.platforms["reels"] == PlatformFit(0.4, ["too long"], "Short", "Beside it.", ["tag"])
    assert second.platforms["other"] == placed()[1].platforms["other"]


def test_either_look_may_be_missing() -> None:
    words = enriched_segments(placed(), None, WRITTEN, 0.3)
    insight = Insight("A description.", [], 0.7, "openai:words", "clips-1", "the hook", "the payoff", "teach")
    assert [segment.insight for segment in words] == [None, insight]
    pictures = enriched_segments(placed(), Looked({"s1": SEEN}), None, 0.3)
    assert [segment.insight for segment in pictures] == [None, SEEN]
    assert [replace(segment, insight=None) for segment in pictures] == placed()
    assert enriched_segments(placed(), None, None, 0.3) == placed()
    assert enriched_segments(placed(), Looked({}), Written({}), 0.3) == placed()


def test_empty_texts_leave_what_is_there() -> None:
    bare = replace(COPY, title="", hashtags=[], platforms={})
    second = enriched_segments(placed(), None, Written({"s1": bare}, "m", "p"), 0.3)[1]
    assert (second.title, second.hashtags) == ("title 1", ["old"])
    assert second.platforms["reels"] == placed()[1].platforms["reels"]
