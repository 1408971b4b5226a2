"""One pass over a video's pictures: shots with exact bounds, and the pictures that stand for them.

Neighbouring key frames are compared first. Where they look alike and no packet between them is suspiciously large, the
pictures between them are never decoded. Elsewhere they are, all or as many as the detector needs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
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

# Key frames that differ by less than this show the same shot. Below the detector's least difference of a cut, so that
# a skipped group can never be one.
SAME_SHOT: Final = 10.0
# Candidates of one shot are at least this far apart: sharpness takes 1.3 ms at 1080p.
CANDIDATE_EVERY_MS: Final = 200
# Key frames at most this far apart serve to judge each other's motion.
NEAR_MS: Final = 1_000
# Longest side of pictures that are held until their shot is known; larger than any picture that is stored.
HELD_LONGEST: Final = 1920


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
        self._next_key: Picture | None = None
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
            key = self._next_key or next(iter(self._reader.head(group)), None)
            self._next_key = self._reader.next_key(group)
            if key and self._next_key and self._same_shot(group, key, self._next_key):
                yield from self._take(key)
                self._judge_motion(group, key)
                return
        else:
            self._next_key = None
        self.groups_decoded += 1
        every = not alone or self._detector.every(group)
        self._detector.begin(group)
        for picture in self._reader.pictures(group, every=every):
            yield from self._take(picture)

    def _same_shot(self, group: PacketGroup, first: Picture, second: Picture) -> bool:
        return not group.may_hide_a_cut and difference(look_at(first.frame), look_at(second.frame)) < SAME_SHOT

    def _take(self, picture: Picture) -> Iterator[Chosen | Shot]:
        newest = self._newest
        if newest is not None and picture.pts_ms <= newest.pts_ms:
            return  # a key frame that came with the group before, or a timestamp that jumps back
        seen = _Waiting(picture.pts_ms, look_at(picture.frame), None, 0.0, None)
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

    def _judge_motion(self, group: PacketGroup, key: Picture) -> None:
        """For a key frame whose group is not decoded: against the picture after it, or the next key frame if near."""
        newest = self._newest
        if not self._choose or newest is None or newest.pts_ms != key.pts_ms:
            return
        near = self._next_key and self._next_key.pts_ms - key.pts_ms <= NEAR_MS
        after = self._next_key if near else next(iter(self._reader.head(group)[1:]), None)
        if after is not None:
            _lower_motion(newest, motion(newest.look, look_at(after.frame), after.pts_ms - key.pts_ms))

    def _settle(self, settled: Settled) -> Iterator[Chosen | Shot]:
        seen = self._waiting.popleft()
        candidate = None
        if seen.frame is not None:
            candidate = Candidate(seen.pts_ms, seen.frame, seen.look, seen.sharpness, seen.motion or 0.0)
        yield from self._tracker.push(settled, candidate)


def _lower_motion(seen: _Waiting, value: float) -> None:
    """The smaller of both sides counts: a cut on one side is no motion."""
    seen.motion = value if seen.motion is None else min(seen.motion, value)
