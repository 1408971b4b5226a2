"""The content detector: hard cuts by `shots`, looked at once more where pictures were left out, and gradual changes.

It needs no model and does without the pictures that nothing refers to, some half of what is decoded. Where a possible
cut falls on pictures that were left out, the group is decoded once more to find it to the picture.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from processors.media.video import PacketGroup, VideoReader
from processors.vision.boundaries import Boundary, Settled, within_a_shot
from processors.vision.gradual import GradualDetector
from processors.vision.look import Look, look_at
from processors.vision.shots import MIN_DIFFERENCE, MIN_RATIO, CutDetector, Decided

# What is looked at once more, all pictures decoded: pictures left out make changes larger and neighbours unequal.
LAX_DIFFERENCE: Final = 9.0
LAX_RATIO: Final = 3.3
VERIFY_MS: Final = 500  # on either side of such a cut: `WINDOW` pictures at 12 per second


class ContentDetector:
    """A `ShotDetector` that compares thumbnails.

    Args:
        reader: decodes groups once more.
    """

    def __init__(self, reader: VideoReader) -> None:
        self._reader = reader
        self._cuts = CutDetector(LAX_DIFFERENCE, LAX_RATIO)
        self._gradual = GradualDetector()
        self._waiting: deque[Look] = deque()  # of pictures that are not decided
        self._groups: deque[PacketGroup] = deque(maxlen=3)  # decoded last, for finding cuts exactly
        self._decoded = 0
        self._verified = 0  # cuts that were looked at once more

    def skips(self, group: PacketGroup, key: Look, following: Look | None, until_ms: int) -> bool:
        """See `ShotDetector.skips`: where surely no shot begins."""
        return within_a_shot(group, key, following)

    def every(self, group: PacketGroup) -> bool:
        """Where every second group had to be decoded once more, leaving pictures out does not pay."""
        return self._verified > (self._decoded + 1) // 2

    def begin(self, group: PacketGroup) -> None:
        """Remembers the group for a second look."""
        self._groups.append(group)
        self._decoded += 1

    def push(self, pts_ms: int, look: Look, frame: Any, *, key: bool) -> Iterator[Settled]:
        """See `ShotDetector.push`; pictures are settled `shots.WINDOW` pictures later."""
        self._waiting.append(look)
        for decided in self._cuts.push(pts_ms, look):
            yield self._settle(decided)

    def flush(self) -> Iterator[Settled]:
        """See `ShotDetector.flush`."""
        for decided in self._cuts.flush():
            yield self._settle(decided)

    def _settle(self, decided: Decided) -> Settled:
        look = self._waiting.popleft()
        cut_ms = self._verify(decided) if decided.cut else None
        if decided.cut and cut_ms is None:
            self._cuts.retract()
        found = self._gradual.push(decided.pts_ms, look, cut=cut_ms is not None)
        boundary = Boundary.cut(cut_ms) if cut_ms is not None else found
        return Settled(decided.pts_ms, boundary, self._gradual.safe_ms)

    def _verify(self, cut: Decided) -> int | None:
        """Time of the first picture after a possible cut, or None when it is none.

        Where pictures were left out before it, all of them are decoded and judged.
        """
        plain = cut.pts_ms if cut.change >= MIN_DIFFERENCE and cut.ratio >= MIN_RATIO else None
        for group in self._groups:
            times_ms = (*group.times_ms, *group.tail_ms)
            if group.keyed and group.closed and any(cut.before_ms < ms < cut.pts_ms for ms in times_ms):
                break
        else:
            return plain
        self._verified += 1
        detector = CutDetector(min_shot_ms=0)
        found: list[Decided] = []
        between = False  # what was left out may be damaged
        for picture in self._reader.again(group, cut.pts_ms + VERIFY_MS):
            between |= cut.before_ms < picture.pts_ms < cut.pts_ms
            if picture.pts_ms >= cut.before_ms - VERIFY_MS:
                found += detector.push(picture.pts_ms, look_at(picture.frame))
        if not between:
            return plain
        cuts = [one for one in (*found, *detector.flush()) if one.cut and cut.before_ms < one.pts_ms <= cut.pts_ms]
        return max(cuts, key=lambda one: one.change).pts_ms if cuts else None


__all__ = ["ContentDetector"]
