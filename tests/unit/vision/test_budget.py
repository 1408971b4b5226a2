"""How many pictures of a video are kept, and which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from processors.domain import FrameRef, Shot
from processors.options import Options
from processors.tools import Tools
from processors.vision.budget import WINDOW_MS, Offer, PictureBudget
from processors.vision.selection import Selection
from tests.unit.vision.helpers import extract, scenery, write_video

MINUTE_MS = 60_000


def offer(pts_ms: int, novelty: float = 0.5) -> Offer:
    return Offer(FrameRef("", pts_ms, 0, 64, 36, 100.0, 0.0, novelty=novelty), b"")


def kept(offers: Sequence[Offer | Shot], per_minute: float = 0.0, most: int = 0, length_ms: int | None = None):
    gone: list[int] = []
    budget = PictureBudget(per_minute, most, length_ms, lambda frame: gone.append(frame.pts_ms))
    found = list(budget.keep(offers))
    times = [one.frame.pts_ms for one in found if isinstance(one, Offer)]
    assert sorted([*times, *gone]) == [one.frame.pts_ms for one in offers if isinstance(one, Offer)]
    return times, [one for one in found if isinstance(one, Shot)]


def test_without_a_limit_all_go_through_at_once():
    passed = PictureBudget(0.0, 0, None, pytest.fail).keep(iter([offer(0), offer(1)]))
    assert next(iter(passed)) == offer(0)


def test_of_half_a_minute_those_with_most_news_stay_in_their_order():
    offers = [offer(1000 * n, novelty) for n, novelty in enumerate([0.1, 0.9, 0.2, 0.8, 0.3])]
    assert kept(offers, per_minute=4)[0] == [1000, 3000]


def test_of_equal_news_the_first_stay():
    assert kept([offer(1000 * n) for n in range(5)], per_minute=4)[0] == [0, 1000]


def test_what_a_quiet_stretch_leaves_a_busy_one_may_spend():
    quiet, busy = [offer(0)], [offer(MINUTE_MS + 1000 * n) for n in range(20)]
    assert len(kept([*quiet, *busy], per_minute=8)[0]) == 1 + 11  # three half minutes are worth twelve


def test_nothing_is_borrowed_from_later():
    busy, quiet = [offer(1000 * n) for n in range(20)], [offer(2 * MINUTE_MS)]
    assert len(kept([*busy, *quiet], per_minute=8)[0]) == 4 + 1


def test_shots_all_come_and_in_their_places():
    shots = [Shot(n, 10_000 * n, 10_000 * (n + 1)) for n in range(9)]
    times, found = kept([*shots[:4], offer(39_000), *shots[4:]], per_minute=2)
    assert (times, found) == ([39_000], shots)


def test_the_most_of_a_video_is_spread_over_its_length():
    offers = [offer(1000 * n) for n in range(600)]
    times, _ = kept(offers, most=20, length_ms=10 * MINUTE_MS)
    assert [sum(start <= ms < start + WINDOW_MS for ms in times) for start in range(0, 600_000, WINDOW_MS)] == [1] * 20


def test_the_most_of_a_video_of_unknown_length_are_its_first_ones():
    assert kept([offer(40_000 * n) for n in range(10)], most=3)[0] == [0, 40_000, 80_000]


@pytest.mark.parametrize("per_minute", [0.1, 1])
def test_a_video_has_a_picture_whatever_the_budget(per_minute: float):
    assert kept([offer(1000, 0.1), offer(2000, 0.9)], per_minute=per_minute)[0] == [2000]


# ------------------------------------------------------------------------------------------ in the extractor


def cards(folder: Path, count: int, each: int = 25) -> Path:
    """`count` shots of a second."""
    images = [scenery(seed, (320, 180)) for seed in range(count) for _ in range(each)]
    return write_video(folder / "cards.mp4", images, options={"preset": "veryfast"})


def test_the_extractor_keeps_to_it_and_nothing_is_wrong_with_that(tmp_path: Path, tools: Tools):
    limited = replace(tools, selection=Selection(per_minute=10))
    found = extract(cards(tmp_path, 12), limited)
    assert len(found.frames) == 5  # of half a minute
    assert len(found.shots) == 12
    assert found.end.warnings == []


def test_what_was_left_out_is_no_duplicate_when_it_comes_again(tmp_path: Path, tools: Tools):
    first = [scenery(seed, (320, 180)) for seed in range(12) for _ in range(25)]
    rest = [scenery(11, (320, 180))] * 25 * 28  # quiet until half a minute is over
    again = [scenery(seed, (320, 180)) for seed in range(12) for _ in range(25)]
    path = write_video(tmp_path / "a.mp4", first + rest + again, options={"preset": "veryfast"})
    late = [frame for frame in extract(path, tools).frames if frame.pts_ms > 38_000]
    assert late == []  # all were shown before
    found = extract(path, replace(tools, selection=Selection(per_minute=14)))
    assert len([frame for frame in found.frames if frame.pts_ms < 38_000]) == 7
    assert len([frame for frame in found.frames if frame.pts_ms > 38_000]) == 5


def test_pictures_less_alike_than_the_setting_are_kept(tmp_path: Path, tools: Tools):
    path = cards(tmp_path, 6)
    assert len(extract(path, replace(tools, selection=Selection(similarity=1.01))).frames) == 6
    assert len(extract(path, tools).frames) == 6
    twice = write_video(
        tmp_path / "twice.mp4",
        [scenery(seed, (320, 180)) for seed in (1, 2, 1, 2) for _ in range(25)],
        options={"preset": "veryfast"},
    )
    assert len(extract(twice, tools).frames) == 2


@pytest.mark.parametrize(("vision", "largest"), [("auto", 32), ("openai", 32), ("local", 8)])
def test_batches_are_as_large_as_a_request_may_be_where_a_service_is_asked(
    tmp_path: Path, tools: Tools, vision: str, largest: int
):
    asking = replace(tools, selection=Selection(per_minute=0.0, most=0, batch=50))
    sizes = [len(batch.frames) for batch in extract(cards(tmp_path, 70, 12), asking, Options(vision=vision)).batches]
    assert sizes[:4] == [1, 2, 4, 8]
    assert max(sizes) == largest
    assert sum(sizes) == 70
