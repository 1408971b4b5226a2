"""Which frames travel together."""

from __future__ import annotations

import cv2
import pytest

from processors.vision.hosted_batches import Room, Weight, groups_of, planned
from processors.vision.likeness import Likeness, likeness_of
from tests.unit.vision.helpers import scenery


def looks(*kinds: str) -> dict[int, Likeness]:
    """Frames by kind: the same letter is alike, another is not; a digit behind it makes small differences."""
    found = {}
    for number, kind in enumerate(kinds):
        image = scenery(ord(kind[0]))
        part = 0.05 * int(kind[1:] or 0)
        found[number] = likeness_of(cv2.addWeighted(image, 1 - part, scenery(7), part, 0))
    return found


def test_frames_that_are_alike_are_one_group_wherever_they_are() -> None:
    assert groups_of(looks("a", "b", "a1", "c", "b1", "a2"), 0.8) == [[0, 2, 5], [1, 4], [3]]
    assert groups_of(looks("a", "b", "a1"), 1.01) == [[0], [1], [2]]
    assert groups_of({}, 0.8) == []


@pytest.mark.parametrize(
    ("kinds", "frames", "requests", "stand_ins"),
    [
        (["a", "b", "c"], 50, [[0, 1, 2]], {}),
        (["a", "b", "c"], 2, [[0, 1], [2]], {}),
        # the group of a does not fit beside b, so it travels in the next one
        (["b", "a", "a1", "c"], 2, [[0], [1, 2], [3]], {}),
        (["a", "b", "a1"], 2, [[0, 2], [1]], {}),
        # too large for any: as many as fit, evenly spread, the others take over what is nearest
        (["a", "a1", "a2", "a3"], 2, [[0, 2]], {1: 0, 3: 2}),
        (["a", "a1", "a2"], 1, [[0]], {1: 0, 2: 0}),
    ],
)
def test_groups_fill_requests_in_order(kinds, frames, requests, stand_ins) -> None:
    likenesses = looks(*kinds)
    weights = {number: Weight(1_000, 100) for number in likenesses}
    plan = planned(groups_of(likenesses, 0.8), weights, likenesses, Room(frames=frames))
    assert plan.requests == requests
    assert set(plan.stand_ins) == set(stand_ins)
    assert all(other in plan.requests[0] for other in plan.stand_ins.values())


@pytest.mark.parametrize("room", [Room(size=2_500), Room(tokens=250)])
def test_bytes_and_tokens_of_a_request_are_bounded_too(room) -> None:
    likenesses = looks("a", "b", "c", "d", "e")
    weights = {number: Weight(1_000, 100) for number in likenesses}
    assert planned(groups_of(likenesses, 0.8), weights, likenesses, room).requests == [[0, 1], [2, 3], [4]]


def test_a_request_has_fifty_frames_at_most_and_a_frame_that_is_too_large_goes_alone() -> None:
    likenesses = {number: likeness_of(scenery(number)) for number in range(120)}
    weights = {number: Weight(10, 10) for number in likenesses}
    alone = [[number] for number in likenesses]
    assert [len(one) for one in planned(alone, weights, likenesses).requests] == [50, 50, 20]
    weights[1] = Weight(10, 10**6)
    assert planned(alone[:3], weights, likenesses).requests == [[0], [1], [2]]
