"""From settled pictures in time order to shots and chosen pictures."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from processors.domain import Shot
from processors.vision.boundaries import Boundary, Kind, Settled
from processors.vision.dedup import Duplicates
from processors.vision.keyframes import Candidate, KeyFrames


@dataclass(frozen=True, slots=True)
class Chosen:
    """A chosen picture and the index of its shot."""

    candidate: Candidate
    shot: int


@dataclass(frozen=True, slots=True)
class _Held:
    pts_ms: int
    candidate: Candidate | None


class ShotTracker:
    """Hands each shot's candidates to the choice of pictures.

    Candidates are held while a transition may be going on; those within one are dropped.

    Args:
        duplicates: memory of chosen pictures.
    """

    def __init__(self, duplicates: Duplicates) -> None:
        self._keyframes = KeyFrames(duplicates)
        self._held: deque[_Held] = deque()
        self._shot = 0
        self._start_ms = 0
        self._transition: Kind | None = None  # that began the shot
        self._any = False

    def push(self, settled: Settled, candidate: Candidate | None) -> Iterator[Chosen | Shot]:
        """Take the next settled picture.

        Args:
            settled: what a detector says of it.
            candidate: the picture, when it may be chosen.

        Yields:
            Shots that have ended and chosen pictures, in time order.
        """
        if not self._any:
            self._any = True
            yield from self._chosen(self._keyframes.next_shot(settled.pts_ms))
        if settled.boundary is not None:
            yield from self._cross(settled.boundary)
        if settled.boundary is None or settled.boundary.kind == "cut" or settled.pts_ms > settled.boundary.end_ms:
            self._held.append(_Held(settled.pts_ms, candidate))
        yield from self._release(settled.safe_ms)

    def close(self, end_ms: int) -> Iterator[Chosen | Shot]:
        """The video ends at `end_ms`. Nothing comes when there was no picture at all."""
        if self._any:
            yield from self._release(end_ms)
            yield from self._end_shot(max(end_ms, self._start_ms + 1), None)

    def _cross(self, boundary: Boundary) -> Iterator[Chosen | Shot]:
        yield from self._release(min(boundary.start_ms, boundary.at_ms))
        while boundary.kind != "cut" and self._held and self._held[0].pts_ms <= boundary.end_ms:
            self._held.popleft()
        yield from self._end_shot(boundary.at_ms, boundary.kind)

    def _release(self, before_ms: int) -> Iterator[Chosen]:
        while self._held and self._held[0].pts_ms < before_ms:
            candidate = self._held.popleft().candidate
            if candidate is not None:
                yield from self._chosen(self._keyframes.add(candidate))

    def _end_shot(self, end_ms: int, by: Kind | None) -> Iterator[Chosen | Shot]:
        # before its last picture: one batch then takes both
        yield Shot(self._shot, self._start_ms, end_ms, self._transition)
        yield from self._chosen(self._keyframes.next_shot(end_ms))
        self._shot, self._start_ms, self._transition = self._shot + 1, end_ms, by

    def _chosen(self, candidates: Iterator[Candidate]) -> Iterator[Chosen]:
        for candidate in candidates:
            yield Chosen(candidate, self._shot)
