"""Which frames travel in which request: frames that are alike go together or not at all.

Together, a model tells them apart and describes them in one tone; spread over requests it describes one thing in two
ways. A group is a frame and those after it that are more like it than the threshold. Groups fill requests in the order
of time; one that does not fit in the request at hand begins the next. Of a group that is larger than any request, as
many as fit are sent, evenly spread, and the others take over the answer of the one that is most like them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from processors.vision.likeness import Likeness

MAX_FRAMES: Final = 50
# A request's body, of which the pictures are four thirds of their bytes; services take 20 to 50 MB.
MAX_BYTES: Final = 16 * 2**20
# Of pictures. The more there is to see, the fewer pictures a model keeps apart; 50 plain ones have some 12,000.
MAX_TOKENS: Final = 24_000


@dataclass(frozen=True, slots=True)
class Weight:
    """What a frame takes of a request: bytes of its picture as sent, and tokens."""

    size: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Room:
    """How much a request holds."""

    frames: int = MAX_FRAMES
    size: int = MAX_BYTES * 3 // 4
    tokens: int = MAX_TOKENS


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent.

    Attributes:
        requests: frames of each, in order.
        stand_ins: frames that are not sent -> the frame whose answer they take over.
    """

    requests: list[list[int]]
    stand_ins: dict[int, int]


def groups_of(likenesses: Mapping[int, Likeness], threshold: float) -> list[list[int]]:
    """Frames that are alike.

    Args:
        likenesses: by number of the frame, in the order of time.
        threshold: least cosine to the first frame of a group.

    Returns:
        Each frame in one group, groups and their frames in the order of time.
    """
    groups: list[list[int]] = []
    for number, likeness in likenesses.items():
        nearest = max(groups, key=lambda group: likeness.cosine(likenesses[group[0]]), default=None)
        if nearest is not None and likeness.cosine(likenesses[nearest[0]]) >= threshold:
            nearest.append(number)
        else:
            groups.append([number])
    return groups


def planned(
    groups: Sequence[Sequence[int]],
    weights: Mapping[int, Weight],
    likenesses: Mapping[int, Likeness],
    room: Room | None = None,
) -> Plan:
    """Put groups into requests.

    Args:
        groups: of frames that are alike.
        weights, likenesses: by number of the frame.
        room: of a request; what is sent by default.
    """
    room = room or Room()
    requests: list[list[int]] = []
    stand_ins: dict[int, int] = {}
    for group in groups:
        sent = _fitting(group, weights, room)
        for number in group:
            if number not in sent:
                stand_ins[number] = max(sent, key=lambda one: (likenesses[number].cosine(likenesses[one]), -one))
        if requests and _fits([*requests[-1], *sent], weights, room):
            requests[-1] += sent
        else:
            requests.append(sent)
    return Plan([sorted(request) for request in requests], stand_ins)


def _fitting(group: Sequence[int], weights: Mapping[int, Weight], room: Room) -> list[int]:
    """The group, or as many of it as fit in one request, evenly spread; one at least."""
    for count in range(len(group), 1, -1):
        chosen = [group[position * len(group) // count] for position in range(count)]
        if _fits(chosen, weights, room):
            return chosen
    return [group[0]]


def _fits(numbers: Sequence[int], weights: Mapping[int, Weight], room: Room) -> bool:
    return (
        len(numbers) <= room.frames
        and sum(weights[number].size for number in numbers) <= room.size
        and sum(weights[number].tokens for number in numbers) <= room.tokens
    )


__all__ = ["MAX_BYTES", "MAX_FRAMES", "MAX_TOKENS", "Plan", "Room", "Weight", "groups_of", "planned"]
