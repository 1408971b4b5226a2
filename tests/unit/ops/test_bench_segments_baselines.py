"""The simple ways of `bench segments`, and the candidates by lot."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations, pairwise

import pytest

from ops.bench.segments_baselines import at_random, densest, even, loudest, tiles
from ops.bench.segments_candidates import by_lot, ceiling, windows_of
from ops.bench.texttiling import text_tiling
from processors.domain import Span
from processors.segments.rank import rank
from tests.unit.ops.test_bench_segments_metrics import item_of, spoken

LENGTHS = [10_000, 20_000, 10_000]
MINUTES = 120_000


def shared_of_shorter(one: Span, other: Span) -> float:
    shared = min(one.end_ms, other.end_ms) - max(one.start_ms, other.start_ms)
    return max(0, shared) / min(one.end_ms - one.start_ms, other.end_ms - other.start_ms)


def test_random_segments_have_the_lengths_stay_inside_and_overlap_little():
    item = item_of(spoken("One."), [], MINUTES)
    starts = []
    source = random.Random(1)
    for _ in range(300):
        chosen = at_random(item, LENGTHS, source)
        assert [window.end_ms - window.start_ms for window in chosen] == LENGTHS
        assert all(window.start_ms >= 0 and window.end_ms <= MINUTES for window in chosen)
        assert all(shared_of_shorter(one, other) <= 0.5 for one, other in combinations(chosen, 2))
        starts.append(chosen[0].start_ms)
    # uniform over 0 to 110 s: mean 55 s with an error of 110 / sqrt(12 * 300) = 1.8 s
    assert sum(starts) / 300 == pytest.approx(55_000, abs=6_000)
    assert at_random(item, LENGTHS, random.Random(2)) == at_random(item, LENGTHS, random.Random(2))


def test_what_does_not_fit_is_left_out():
    assert len(at_random(item_of(spoken("One."), [], 10_000), LENGTHS[:1] * 3, random.Random(0))) == 1
    assert len(even(item_of(spoken("One."), [], 10_000), LENGTHS[:1] * 3, random.Random(0))) == 1


def test_even_spacing_by_hand():
    chosen = even(item_of(spoken("One."), [], MINUTES), LENGTHS, random.Random(0))
    assert chosen == [Span(15_000, 25_000), Span(50_000, 70_000), Span(95_000, 105_000)]


def test_the_loudest_speech_by_hand():
    quiet, loud, louder = spoken("a")[0], spoken("b", start_ms=50_000)[0], spoken("c", start_ms=80_000)[0]
    utterances = [
        replace(quiet, end_ms=40_000, loudness_db=-40.0),
        replace(loud, end_ms=60_000, loudness_db=-20.0),
        replace(louder, end_ms=81_000, loudness_db=-13.0),  # five times the power, for a tenth of the time
    ]
    item = item_of(utterances, [], MINUTES)
    assert loudest(item, [10_000], random.Random(0)) == [Span(50_000, 60_000)]
    # the next one may share half of it; a second of the louder one at the edge is worth five of the loud
    assert loudest(item, [10_000, 1_000], random.Random(0))[1] == Span(80_000, 81_000)
    assert loudest(item_of(spoken("a b c"), [], MINUTES), [10_000], random.Random(0)) is None


def test_the_densest_speech_by_hand():
    slow = spoken(*["a"] * 20, gap_ms=900)
    fast = spoken(*["b"] * 40, gap_ms=100, start_ms=70_000)  # five a second from 70 to 78 s
    item = item_of([*slow, *fast], [], MINUTES)
    assert densest(item, [8_000], random.Random(0)) == [Span(70_000, 78_000)]
    assert densest(replace(item, timed=False), [8_000], random.Random(0)) is None


def test_texttiling_begins_with_the_longest_topic_and_whole_sentences():
    names = [
        ["river", "boat", "fish", "water", "bridge", "harbour", "wave", "sailor", "net", "island"],
        ["engine", "wheel", "brake", "motor", "garage", "tyre", "fuel", "driver", "road", "lorry"],
        ["piano", "violin", "melody", "choir", "concert", "rhythm", "singer", "drum", "chord", "opera"],
    ]
    texts = [
        f"{' '.join(names[topic][(number + step) % 10] for step in range(10))}."
        for topic, count in ((0, 30), (1, 60), (2, 40))
        for number in range(count)
    ]
    item = item_of(spoken(*texts), [], 130_000)  # a second a sentence
    starts = [0, *text_tiling(texts, range(130)), 130]
    lengths = sorted(((first - end, first) for first, end in pairwise(starts)))
    assert len(lengths) >= 3
    chosen = tiles(item, [10_500, 5_000], random.Random(0))
    assert chosen is not None
    # ten sentences fit, the eleventh does not
    assert chosen[0] == Span(lengths[0][1] * 1_000, lengths[0][1] * 1_000 + 10_000)
    assert chosen[1] == Span(lengths[1][1] * 1_000, lengths[1][1] * 1_000 + 5_000)
    assert tiles(item_of([], [], 90_000), [10_000], random.Random(0)) is None


def test_candidates_are_those_that_are_ranked():
    item = item_of(spoken(*[f"This is sentence {number} of a talk." for number in range(80)], gap_ms=200), [], 150_000)
    ranking = rank(item.parts)
    windows = windows_of(item)
    assert len(windows) == ranking.candidates > 100
    assert {Span(segment.start_ms, segment.end_ms) for segment in ranking.segments} <= set(windows)
    lengths = [12_000, 30_000] * 2
    chosen = by_lot(windows, lengths, random.Random(1))
    assert set(chosen) <= set(windows)
    assert [window.end_ms - window.start_ms for window in chosen] == [
        pytest.approx(length, rel=0.1) for length in lengths
    ]
    assert chosen != by_lot(windows, lengths, random.Random(2))
    assert all(shared_of_shorter(one, other) <= 0.5 for one, other in combinations(chosen, 2))


def test_by_lot_takes_the_nearest_length_where_none_fits():
    windows = [Span(0, 10_000), Span(20_000, 29_000), Span(40_000, 60_000)]
    assert by_lot(windows, [14_000], random.Random(0)) == [Span(0, 10_000)]
    assert by_lot(windows, [10_000] * 3, random.Random(0))[2:] == []  # two fit, and the third would be one of them
    assert by_lot([], [10_000], random.Random(0)) == []


def test_the_ceiling_by_hand():
    windows = [Span(0, 10), Span(0, 20), Span(100, 130)]
    assert ceiling(windows, [Span(0, 18), Span(100, 200)]) == {
        "candidates_recall": 0.5,
        "candidates_best_iou": pytest.approx((18 / 20 + 30 / 100) / 2),
    }
    assert ceiling([], [Span(0, 18)]) == {"candidates_recall": 0.0, "candidates_best_iou": 0.0}
