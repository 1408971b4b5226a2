"""What every shot detector gives, and the interface behind which they stand.

A detector is told of pictures in time order and settles them, in the same order and each exactly once, some time later.
With the first settled picture at or behind a boundary comes the boundary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from processors.media.video import PacketGroup
from processors.vision.look import Look, difference

Kind = Literal["cut", "dissolve", "fade"]

# Shots shorter than this are part of a transition.
MIN_SHOT_MS: Final = 400
# A picture whose brightness varies less than this (standard deviation of 0..255) is plain: a transition through one is
# a fade.
PLAIN_DEVIATION: Final = 4.0
# A fade out and a fade in belong together when at most this is between them.
MAX_PLAIN_MS: Final = 5_000


# Key frames that differ by less than this show the same shot. Below the least difference of a cut (`shots`), so that
# a group that is skipped can never begin with one.
SAME_SHOT: Final = 10.0


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where one shot gives way to the next.

    Args:
        at_ms: first picture of the new shot after a cut; else where both shots show equally, for fades the middle of
            the plain part.
        kind: cut, dissolve (wipes and other blends count as such), or fade through a plain picture.
        start_ms: the first picture that shows both shots, or a part of one only; `at_ms` for a cut.
        end_ms: the last such picture; `at_ms` for a cut.
    """

    at_ms: int
    kind: Kind
    start_ms: int
    end_ms: int

    @classmethod
    def cut(cls, at_ms: int) -> Boundary:
        """A hard cut."""
        return cls(at_ms, "cut", at_ms, at_ms)


@dataclass(frozen=True, slots=True)
class Settled:
    """A picture on which the detector has decided.

    Args:
        pts_ms: its time.
        boundary: one that lies between the picture settled before and this one, or a gradual one that has ended.
        safe_ms: pictures before this time are in no transition that is still to come.
    """

    pts_ms: int
    boundary: Boundary | None
    safe_ms: int


class ShotDetector(Protocol):
    """Finds boundaries in a stream of pictures, which need not be evenly spaced. Use once."""

    def skips(self, group: PacketGroup, key: Look, following: Look | None, until_ms: int) -> bool:
        """Whether it can do without the pictures between two key frames; it is then pushed these two only.

        Args:
            group: begins with the first of them, and ends before the second.
            key, following: their looks; None for the second where the stream ends.
            until_ms: time of the second.
        """
        ...

    def every(self, group: PacketGroup) -> bool:
        """Whether it wants all pictures of a group that can be decoded alone, or can do without a part of them."""
        ...

    def begin(self, group: PacketGroup) -> None:
        """A group is decoded next; the pictures that are pushed until the next call are its own."""
        ...

    def push(self, pts_ms: int, look: Look, frame: Any, *, key: bool) -> Iterator[Settled]:
        """Take the next picture.

        Args:
            pts_ms: its time, above that of the picture before.
            look: its look.
            frame: as decoded (av.VideoFrame); not kept.
            key: whether it is a key frame.

        Yields:
            Pictures pushed earlier.

        Raises:
            ValueError: the time does not rise.
        """
        ...

    def flush(self) -> Iterator[Settled]:
        """Settle what is left."""
        ...


def within_a_shot(group: PacketGroup, key: Look, following: Look | None) -> bool:
    """Whether surely no shot begins between two key frames: they look alike, and no packet between them is large."""
    return following is not None and difference(key, following) < SAME_SHOT and not group.large


__all__ = [
    "MAX_PLAIN_MS",
    "MIN_SHOT_MS",
    "PLAIN_DEVIATION",
    "SAME_SHOT",
    "Boundary",
    "Kind",
    "Settled",
    "ShotDetector",
    "within_a_shot",
]
