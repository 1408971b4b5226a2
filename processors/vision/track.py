"""From pictures in time order, with hard cuts known, to shots and chosen pictures."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from processors.domain import Shot
from processors.vision.dedup import Duplicates
from processors.vision.gradual import GradualDetector, Transition
from processors.vision.keyframes import Candidate, KeyFrames
from processors.vision.look import Look


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
    """Adds gradual transitions to the hard cuts, and hands each shot's candidates to the choice of pictures.

    Candidates are held while a transition may be going on (3 s at most); those within one are dropped.

    Args:
        duplicates: memory of chosen pictures.
    """

    def __init__(self, duplicates: Duplicates) -> None:
        self._gradual = GradualDetector()
        self._keyframes = KeyFrames(duplicates)
        self._held: deque[_Held] = deque()
        self._shot = 0
        self._start_ms = 0
        self._any = False

    def push(self, pts_ms: int, look: Look, candidate: Candidate | None, cut_ms: int | None) -> Iterator[Chosen | Shot]:
        """Take the next picture.

        Args:
            pts_ms: its time, rising.
            look: its look.
            candidate: the picture, when it may be chosen.
            cut_ms: when there is a hard cut between the picture before and this one, its time, at most `pts_ms`.

        Yields:
            Shots that have ended and chosen pictures, in time order.
        """
        if not self._any:
            self._any = True
            yield from self._chosen(self._keyframes.next_shot(pts_ms))
        if cut_ms is not None:
            yield from self._release(cut_ms)
            yield from self._end_shot(cut_ms)
        transition = self._gradual.push(pts_ms, look, cut=cut_ms is not None)
        if transition is not None:
            yield from self._cross(transition)
        self._held.append(_Held(pts_ms, candidate))
        yield from self._release(self._gradual.safe_ms)

    def close(self, end_ms: int) -> Iterator[Chosen | Shot]:
        """The video ends at `end_ms`. Nothing comes when there was no picture at all."""
        if self._any:
            yield from self._release(end_ms)
            yield from self._end_shot(max(end_ms, self._start_ms + 1))

    def _cross(self, transition: Transition) -> Iterator[Chosen | Shot]:
        yield from self._release(min(transition.start_ms, transition.boundary_ms))
        while self._held and self._held[0].pts_ms <= transition.end_ms:
            self._held.popleft()
        yield from self._end_shot(transition.boundary_ms)

    def _release(self, before_ms: int) -> Iterator[Chosen]:
        while self._held and self._held[0].pts_ms < before_ms:
            candidate = self._held.popleft().candidate
            if candidate is not None:
                yield from self._chosen(self._keyframes.add(candidate))

    def _end_shot(self, end_ms: int) -> Iterator[Chosen | Shot]:
        yield Shot(self._shot, self._start_ms, end_ms)  # before its last picture: one batch then takes both
        yield from self._chosen(self._keyframes.next_shot(end_ms))
        self._shot, self._start_ms = self._shot + 1, end_ms

    def _chosen(self, candidates: Iterator[Candidate]) -> Iterator[Chosen]:
        for candidate in candidates:
            yield Chosen(candidate, self._shot)
