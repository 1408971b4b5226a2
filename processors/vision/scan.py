"""One pass over a video's pictures: shots with exact bounds, and the pictures that stand for them.

Neighbouring key frames are compared first. The detector says whether it can do without the pictures between them, which
are then never decoded; elsewhere all are, or as many as it needs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from processors.domain import Shot
from processors.media.video import PacketGroup, Picture, VideoReader
from processors.vision.boundaries import Settled, ShotDetector
from processors.vision.dedup import Duplicates
from processors.vision.frozen import FrozenStretches
from processors.vision.keyframes import Candidate
from processors.vision.look import Look, difference, look_at, motion
from processors.vision.pixels import planes, shrink
from processors.vision.sharpness import sharpness
from processors.vision.track import Chosen, ShotTracker

# Candidates of one shot are at least this far apart: sharpness takes 1.3 ms at 1080p.
CANDIDATE_EVERY_MS: Final = 200
# Key frames at most this far apart serve to judge each other's motion.
NEAR_MS: Final = 1_000
# Longest side of pictures that are held until their shot is known; larger than any picture that is stored.
HELD_LONGEST: Final = 1920


@dataclass(frozen=True, slots=True)
class _Head:
    """The first picture of a group, how it looks, and the picture that is stored behind it, if there is one."""

    key: Picture
    look: Look
    after: Picture | None

    @classmethod
    def of(cls, pictures: Sequence[Picture]) -> _Head | None:
        return cls(pictures[0], look_at(pictures[0].frame), next(iter(pictures[1:]), None)) if pictures else None


@dataclass(slots=True)
class _Waiting:
    """A picture on which the detector has not decided yet; `frame` is None when it is no candidate."""

    pts_ms: int
    look: Look
    frame: Any
    sharpness: float
    motion: float | None  # None until there is a neighbour


class Scanner:
    """Scans one video; use once.

    Args:
        reader: the video.
        detector: finds the boundaries.
        choose: whether pictures are chosen at all; without it only shots come.
        duplicates: memory of chosen pictures.
        frozen: is told what is met, when given.
    """

    def __init__(
        self,
        reader: VideoReader,
        detector: ShotDetector,
        *,
        choose: bool,
        duplicates: Duplicates,
        frozen: FrozenStretches | None = None,
    ) -> None:
        self._reader = reader
        self._frozen = frozen
        self._choose = choose
        self._detector = detector
        self._tracker = ShotTracker(duplicates)
        self._waiting: deque[_Waiting] = deque()
        self._newest: _Waiting | None = None
        self._candidate_ms: int | None = None
        self._next: _Head | None = None
        self.groups = 0  # for measuring
        self.groups_decoded = 0

    def run(self) -> Iterator[Chosen | Shot]:
        """Scan the video.

        Yields:
            Pictures in time order, and each shot once it has ended. Shots are contiguous from 0 to the end of the last
            picture; nothing at all when no picture can be decoded.
        """
        for group in self._reader.groups():
            self.groups += 1
            yield from self._scan(group)
        for settled in self._detector.flush():
            yield from self._settle(settled)
        yield from self._tracker.close(self._reader.end_ms)

    def _scan(self, group: PacketGroup) -> Iterator[Chosen | Shot]:
        if self._frozen is not None:
            self._frozen.add(group)
        alone = group.keyed and group.closed
        if alone:
            head = self._next or _Head.of(self._reader.head(group))
            self._next = following = _Head.of(self._reader.next_head(group))
            if head and self._skips(group, head, following):
                yield from self._take(head.key, head.look)
                self._judge_motion(head, following)
                for picture in self._reader.intra(group):
                    yield from self._take(picture)
                return
        else:
            self._next = None
        self.groups_decoded += 1
        every = self._detector.every(group)
        self._detector.begin(group)
        for picture in self._reader.pictures(group, every=every):
            yield from self._take(picture)

    def _skips(self, group: PacketGroup, head: _Head, following: _Head | None) -> bool:
        if following is not None:
            return self._detector.skips(group, head.look, following.look, following.key.pts_ms)
        return not group.tail and self._detector.skips(group, head.look, None, group.times_ms[-1])

    def _take(self, picture: Picture, look: Look | None = None) -> Iterator[Chosen | Shot]:
        newest = self._newest
        if newest is not None and picture.pts_ms <= newest.pts_ms:
            return  # a key frame that came with the group before, or a timestamp that jumps back
        seen = _Waiting(picture.pts_ms, look or look_at(picture.frame), None, 0.0, None)
        if newest is not None:
            seen.motion = motion(newest.look, seen.look, seen.pts_ms - newest.pts_ms)
            _lower_motion(newest, seen.motion)
            if self._frozen is not None:
                self._frozen.change(picture.pts_ms, difference(newest.look, seen.look), key=picture.key)
        if self._choose and (
            self._candidate_ms is None or picture.key or picture.pts_ms - self._candidate_ms >= CANDIDATE_EVERY_MS
        ):
            self._candidate_ms = picture.pts_ms
            seen.sharpness = sharpness(planes(picture.frame)[0])
            seen.frame = shrink(picture.frame, HELD_LONGEST)
        self._newest = seen
        self._waiting.append(seen)
        for settled in self._detector.push(picture.pts_ms, seen.look, picture.frame, key=picture.key):
            yield from self._settle(settled)

    def _judge_motion(self, head: _Head, following: _Head | None) -> None:
        """For a key frame whose group is not decoded: against the picture after it, or the next key frame if near."""
        newest = self._newest
        if not self._choose or newest is None or newest.pts_ms != head.key.pts_ms:
            return
        if following is not None and following.key.pts_ms - head.key.pts_ms <= NEAR_MS:
            _lower_motion(newest, motion(head.look, following.look, following.key.pts_ms - head.key.pts_ms))
        elif head.after is not None:
            look = look_at(head.after.frame)
            _lower_motion(newest, motion(head.look, look, head.after.pts_ms - head.key.pts_ms))

    def _settle(self, settled: Settled) -> Iterator[Chosen | Shot]:
        seen = self._waiting.popleft()
        candidate = None
        if seen.frame is not None:
            candidate = Candidate(seen.pts_ms, seen.frame, seen.look, seen.sharpness, seen.motion or 0.0)
        yield from self._tracker.push(settled, candidate)


def _lower_motion(seen: _Waiting, value: float) -> None:
    """The smaller of both sides counts: a cut on one side is no motion."""
    seen.motion = value if seen.motion is None else min(seen.motion, value)
