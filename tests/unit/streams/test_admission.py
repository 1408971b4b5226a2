"""Which requests are under way: the same ones, whatever the order in which a worker hears of them."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from streams.admission import Admission


def result(video_id: str, generation: int = 0, status: str = "final") -> SimpleNamespace:
    return SimpleNamespace(video_id=video_id, generation=generation, status=status)


def place(video_id: str, at: int) -> tuple[int, int, int, str]:
    return (at, 0, at, video_id)


def begun(admission: Admission, *videos: str, generation: int = 0) -> list[str]:
    return [video for video in videos if admission.may_begin(video, generation)]


def test_the_oldest_begin_and_the_next_one_when_one_is_through():
    admission = Admission(2)
    for at, video in enumerate("abcd"):
        admission.requested(video, 0, place(video, at))
    assert begun(admission, *"abcd") == ["a", "b"]
    admission.result(result("a", status="provisional"))
    assert begun(admission, *"abcd") == ["a", "b"]
    admission.result(result("b", status="degraded"))
    assert begun(admission, *"abcd") == ["a", "b", "c"], "b needs no room any more"


def test_what_is_not_read_yet_waits():
    assert begun(Admission(2), "a") == []


def test_a_newer_generation_takes_a_place_of_its_own_at_the_end():
    admission = Admission(1)
    admission.requested("a", 0, place("a", 0))
    admission.requested("b", 0, place("b", 1))
    admission.result(result("a"))
    admission.requested("a", 1, place("a", 2))
    assert begun(admission, "b") == ["b"]
    assert begun(admission, "a", generation=1) == []
    assert begun(admission, "a", generation=0) == ["a"]
    admission.result(result("b"))
    assert begun(admission, "a", generation=1) == ["a"]


def test_a_request_that_comes_again_keeps_the_place_of_the_first():
    admission = Admission(1)
    for at, video in enumerate("aba"):
        admission.requested(video, 0, place(video, at))
    admission.result(result("a"))
    assert begun(admission, *"ab") == ["a", "b"]


@pytest.mark.parametrize("seed", range(20))
def test_every_worker_counts_the_same_videos(seed):
    """Requests come in the order of their partition, results at any time."""
    chance = random.Random(seed)
    requests = [(video, place(video, at)) for at, video in enumerate("abcdefgh")]
    done = chance.sample("abcdefgh", 3)
    seen = []
    for _ in range(2):
        admission, events = Admission(2), [*requests, *done]
        chance.shuffle(events)
        for event in events:
            if isinstance(event, str):
                admission.result(result(event))
            else:
                admission.requested(event[0], 0, event[1])
        seen.append(begun(admission, *"abcdefgh"))
    assert seen[0] == seen[1] == sorted({*done, *[v for v in "abcdefgh" if v not in done][:2]})


def test_a_higher_level_begins_at_once_and_one_place_is_kept_for_the_rest():
    admission = Admission(2)
    for at, video in enumerate("abc"):
        admission.requested(video, 0, place(video, at), level=-1)
    admission.requested("h", 0, place("h", 3), level=1)
    admission.requested("i", 0, place("i", 4), level=1)
    assert begun(admission, *"abchi") == ["a", "h"], "b goes on where it was begun"
    admission.result(result("h"))
    assert begun(admission, *"abci") == ["a", "i"]
    admission.result(result("a"))
    assert begun(admission, *"bci") == ["b", "i"]


def test_where_one_place_is_all_the_oldest_of_a_lower_level_has_a_second_one():
    admission = Admission(1)
    admission.requested("low", 0, place("low", 0))
    assert begun(admission, "low") == ["low"]
    for at in range(1, 9):
        admission.requested(f"h{at}", 0, place(f"h{at}", at), level=1)
    assert begun(admission, "low", "h1", "h2") == ["low", "h1"]
