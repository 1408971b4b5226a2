"""What is known of videos, from records in any order of the topics; pages of them."""

from __future__ import annotations

import dataclasses
import random

import pytest

from processors.options import Options
from schemas.messages import Progress, Run, Segments, VideoIngested
from streams import codec, topics
from streams.gateway.listing import page
from streams.gateway.problems import Problem
from streams.gateway.shapes import summary
from streams.gateway.videos import Videos


def _request(generation: int = 0, **changes: object) -> VideoIngested:
    options = Options(metadata={"title": "Bees"})
    return VideoIngested(
        "https://u:p@media.example.org/talk.mp4?key=1", generation=generation, options=options, **changes
    )  # type: ignore[arg-type]


def _result(video_id: str, generation: int = 0, revision: int = 1, status: str = "final") -> Segments:
    run = Run([], [], 0.0, 1_000, 2_000)
    return Segments(
        video_id, generation, revision, False, status, None, 60_000, "", ["en"], 0.5, [], [], None, None, run
    )  # type: ignore[arg-type]


def _step(video_id: str, generation: int = 0) -> Progress:
    return Progress(video_id, generation, "transcriber", 1, 1, 2, None, "ok", None, 1_500)


def _came(videos: Videos, result: Segments, offset: int = 0) -> bool:
    return videos.came(result, codec.encode(topics.SEGMENTS, result), (0, offset))


def test_from_queued_to_final():
    videos = Videos(10)
    assert videos.submitted("a", _request(), 1_000, (0, 0))
    video = videos.get("a")
    assert video is not None
    assert (video.status, video.title(), video.uri()) == ("queued", "Bees", "https://media.example.org/talk.mp4")
    assert videos.went_on(_step("a"))
    assert video.status == "running"
    assert _came(videos, _result("a", status="provisional"))
    assert (video.status, video.through) == ("provisional", False)
    assert _came(videos, _result("a", revision=2))
    assert (video.status, video.through, video.done()) == ("final", True, 1.0)
    assert not _came(videos, _result("a", revision=2), 9), "a repeat"
    assert video.result_at == (0, 0)
    assert not videos.submitted("a", _request(), 9_000, (0, 5)), "a repeat"
    assert video.requested_at == {0: (0, 0)}
    assert videos.submitted("a", _request(1), 9_000, (0, 6))
    assert (video.status, video.generation) == ("queued", 1)
    assert not videos.went_on(_step("a")), "of the generation before"
    assert video.result() == _result("a", revision=2)


def test_any_order_gives_the_same():
    records = [
        lambda videos: videos.submitted("a", _request(), 1_000, (0, 0)),
        lambda videos: videos.submitted("a", _request(1), 2_000, (0, 1)),
        lambda videos: videos.went_on(_step("a")),
        lambda videos: videos.went_on(_step("a", 1)),
        lambda videos: _came(videos, _result("a")),
        lambda videos: _came(videos, _result("a", 1, 1, "provisional")),
    ]
    seen = set()
    for seed in range(50):
        videos = Videos(10)
        for take in random.Random(seed).sample(records, len(records)):
            take(videos)
        video = videos.get("a")
        assert video is not None
        seen.add((video.status, video.generation, video.order, tuple(sorted(video.requests))))
    assert seen == {("provisional", 1, (1, 1, False), (0, 1))}


def test_the_oldest_that_are_through_are_forgotten():
    videos = Videos(3)
    videos.submitted("open", _request(idempotency="k0"), 1, (0, 0))
    for number, name in enumerate("abc", start=1):
        videos.submitted(name, _request(idempotency=f"k{name}", batch_id="b"), number * 10, (0, number))
        _came(videos, _result(name), number)
    assert sorted(video.video_id for video in videos.all()) == ["b", "c", "open"]
    assert videos.first_of("kc") == (videos.get("c"), None)
    assert videos.batch("b") == ["b", "c"]


def test_a_tenth_is_forgotten_at_a_time_and_its_generations_are_known():
    videos = Videos(20)
    for number in range(21):
        videos.submitted(f"v{number:02d}", _request(3), number, (0, number))
        _came(videos, _result(f"v{number:02d}", generation=3), number)
    assert len(videos) == 19
    assert [videos.forgotten(name) for name in ("v00", "v01", "v02")] == [3, 3, -1]
    videos.submitted("v00", _request(4), 99, (0, 99))
    assert videos.forgotten("v00") == -1, "it is held again"


def test_what_is_not_through_is_never_forgotten():
    videos = Videos(10)
    for number in range(40):
        videos.submitted(f"v{number}", _request(), number, (0, number))
    assert len(videos) == 40
    for number in range(40):
        _came(videos, _result(f"v{number}"), number)
    assert len(videos) == 10
    assert all(video.through for video in videos.all())


def test_a_key_outlives_its_video():
    """A repeat is answered as such, and not computed again; of one that was erased nothing is known."""
    videos = Videos(10)
    for number in range(12):
        videos.submitted(f"v{number}", _request(idempotency=f"k{number}", body_digest="d"), number, (0, number))
        _came(videos, _result(f"v{number}", status="degraded"), number)
    assert videos.get("v0") is None
    first = videos.first_of("k0")
    assert first is not None
    assert (first[0].video_id, first[0].status, first[0].generation, first[1]) == ("v0", "degraded", 0, "d")
    assert summary(first[0])["status"] == "degraded"
    for name in ("v0", "v11"):
        videos.forget(name, 0)
    assert (videos.first_of("k0"), videos.first_of("k11")) == (None, None)
    for number in range(12, 200):
        videos.submitted(f"v{number}", _request(idempotency=f"k{number}"), number, (0, number))
        _came(videos, _result(f"v{number}"), number)
    known = [number for number in range(200) if videos.first_of(f"k{number}") is not None]
    assert known == list(range(known[0], 200))
    assert 100 <= len(known) <= 110, "ten forgotten ones for each that is held, and no more"


def test_an_erasure_leaves_newer_generations():
    videos = Videos(10)
    videos.submitted("a", _request(idempotency="k0", batch_id="b0"), 1, (0, 0))
    _came(videos, _result("a"))
    videos.submitted("a", _request(1, idempotency="k1", batch_id="b1"), 2, (0, 1))
    videos.forget("a", 0)
    video = videos.get("a")
    assert video is not None
    assert (video.status, video.generation, list(video.requests), video.result()) == ("queued", 1, [1], None)
    assert (video.stages(), video.requested_at) == ({}, {1: (0, 1)})
    assert (videos.first_of("k0"), videos.first_of("k1")) == (None, (video, None))
    assert (videos.batch("b0"), videos.batch("b1")) == ([], ["a"])
    _came(videos, _result("a", generation=1))
    videos.forget("a", 0)
    assert (video.status, video.through) == ("final", True)
    videos.forget("a", 1)
    assert (videos.get("a"), videos.first_of("k1"), videos.batch("b1")) == (None, None, [])


def test_an_erasure_of_what_is_no_longer_held():
    videos = Videos(10)
    for number in range(12):
        for generation in range(2):
            key, callback = f"{number}-{generation}", Options(callback_url=f"https://r.example.org/{generation}")
            request = VideoIngested("/v.mp4", generation=generation, idempotency=key, options=callback)
            videos.submitted(f"v{number}", request, number, (0, number))
        _came(videos, _result(f"v{number}", generation=1), number)
    videos.forget("v0", 0)
    assert videos.first_of("0-0") is None
    assert videos.first_of("0-1") is not None
    assert videos.callback_url("v0", 1) == "https://r.example.org/1"
    with pytest.raises(LookupError):
        videos.callback_url("v0", 0)
    assert videos.forgotten("v0") == 1


def test_what_was_forgotten_does_not_come_back_by_what_is_old():
    """As when a start reads its result before its request."""
    videos = Videos(10)
    for number in range(11):
        _came(videos, _result(f"v{number}"), number)
    gone = next(name for name in (f"v{number}" for number in range(11)) if videos.get(name) is None)
    assert not videos.submitted(gone, _request(), 1, (0, 0))
    assert not videos.went_on(_step(gone))
    assert not _came(videos, _result(gone))
    assert videos.get(gone) is None
    assert videos.callback_url(gone, 0) is None
    with pytest.raises(LookupError):
        videos.callback_url(gone, 1)
    assert videos.went_on(_step(gone, 1))
    assert videos.get(gone) is not None


def test_a_search_finds_what_came_later():
    videos = Videos(10)
    videos.submitted("a", _request(), 1, (0, 0))
    assert page(videos.all(), set(), "wasps", "newest", 9, None).total == 0
    _came(videos, dataclasses.replace(_result("a"), title="Wasps"))
    assert page(videos.all(), set(), "wasps", "newest", 9, None).total == 1


def test_the_first_of_a_key_counts():
    videos = Videos(10)
    videos.submitted("a", _request(idempotency="k", body_digest="1"), 1, (0, 0))
    videos.submitted("b", _request(idempotency="k", body_digest="2"), 2, (0, 1))
    videos.submitted("a", _request(idempotency="other", body_digest="3"), 3, (0, 2))
    assert videos.first_of("k") == (videos.get("a"), "1")
    assert videos.first_of("other") == (videos.get("a"), "3"), "a repeat of the generation, under a key of its own"


@pytest.mark.parametrize("order", ["newest", "oldest", "updated"])
def test_every_video_is_on_one_page(order: str):
    videos = Videos(100)
    for number in range(23):
        videos.submitted(f"v{number:02d}", _request(), number // 2, (0, number))
    found, cursor = [], None
    while True:
        part = page(videos.all(), set(), "", order, 5, cursor)  # type: ignore[arg-type]
        found += [video.video_id for video in part.videos]
        if (cursor := part.next) is None:
            break
        videos.submitted(f"late-{len(found)}", _request(), 10**12, (0, 99))  # comes meanwhile
    first = [one for one in found if not one.startswith("late")]
    assert first == sorted(first, reverse=order != "oldest")
    assert len(set(found)) == len(found)
    assert len(first) == 23


def test_filters():
    videos = Videos(10)
    videos.submitted("a", _request(), 1, (0, 0))
    videos.submitted("b", _request(), 2, (0, 1))
    _came(videos, _result("b"))
    assert [one.video_id for one in page(videos.all(), {"final"}, "", "newest", 9, None).videos] == ["b"]
    assert page(videos.all(), set(), "BEE", "newest", 9, None).total == 2
    assert page(videos.all(), set(), "wasp", "newest", 9, None).total == 0


@pytest.mark.parametrize("cursor", ["", "x", "W10", "bnVsbA", "é", "WyJvbGRlc3QiLDEsImEiXQ"])
def test_cursors_that_are_none(cursor: str):
    with pytest.raises(Problem):
        page([], set(), "", "newest", 5, cursor)
