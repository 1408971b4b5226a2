"""Shots from key frames and the sizes of packets alone: nothing between key frames is decoded.

Encoders begin a shot with a key frame where they look for cuts (x264 and x265 do by default); where they do not, the
first picture of a shot is much larger than those around it, since nothing before it helps to predict it. So where two
key frames show different things, the shot begins with the largest of such packets between them, or else with the
second key frame. Gradual transitions come out as cuts.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from processors.media.video import PacketGroup, VideoReader
from processors.vision.boundaries import MIN_SHOT_MS, Boundary, Settled, within_a_shot
from processors.vision.content_shots import ContentDetector
from processors.vision.gradual import unlike
from processors.vision.look import Look, difference

# Least difference of key frames of different shots, as between the ends of a gradual transition.
_MIN_DIFFERENCE: Final = 30.0
# Key frames at fixed distances that are longer than this miss shots.
_LONG_MS: Final = 4_000
# Where nothing else says whether a shot begins within a group, its first picture is larger than others by this factor.
_STANDS_OUT: Final = 1.5


@dataclass(frozen=True, slots=True)
class _Gap:
    """A group that was skipped; `regular`: its end says nothing of its content."""

    group: PacketGroup
    until_ms: int
    regular: bool

    def holds(self, pts_ms: int) -> bool:
        return self.group.start_ms < pts_ms <= self.until_ms


class KeyShotDetector:
    """A `ShotDetector` that does without what lies between key frames, but for the first and last group if in doubt.

    Where key frames lie at fixed distances of more than `_LONG_MS`, or there are none, it leaves groups to the content.

    Args:
        reader: decodes groups where it must.
    """

    def __init__(self, reader: VideoReader) -> None:
        self._content = ContentDetector(reader)
        self._lengths: Counter[int] = Counter()  # of groups, in packets
        self._gaps: deque[_Gap] = deque(maxlen=2)  # before and behind the picture that is pushed next
        self._look: Look | None = None  # of the last picture
        self._begins: dict[int, Boundary | None] = {}  # what was decided of pictures behind a gap
        self._last_ms = 0  # of the last boundary

    def skips(self, group: PacketGroup, key: Look, following: Look | None, until_ms: int) -> bool:
        """See `ShotDetector.skips`: all but those that may hold a shot which no key frame shows."""
        length = len(group.packets)
        self._lengths[length] += 1
        usual = max(self._lengths)  # of groups that nothing ends early, where several have it
        regular = length == usual and self._lengths[usual] > 1 and not group.packets[-1].is_keyframe
        last = following is None
        ended_early = len(self._lengths) > (2 if last else 1)  # some group, by the encoder, so that it looks for cuts
        if (last or self._lengths.total() == 1) and not ended_early and group.larger_by(_STANDS_OUT):
            return within_a_shot(group, key, following)
        if regular and until_ms - group.start_ms > _LONG_MS and not within_a_shot(group, key, following):
            return False
        if not last:
            self._gaps.append(_Gap(group, until_ms, regular))
        return True

    def every(self, group: PacketGroup) -> bool:
        """As the content detector."""
        return self._content.every(group)

    def begin(self, group: PacketGroup) -> None:
        """As the content detector."""
        self._content.begin(group)

    def push(self, pts_ms: int, look: Look, frame: Any, *, key: bool) -> Iterator[Settled]:
        """See `ShotDetector.push`."""
        gap = next((gap for gap in self._gaps if gap.holds(pts_ms)), None)
        if gap is not None and self._look is not None:
            yield from self.flush()  # what lies behind a gap does not tell how much goes on before it
            self._begins[pts_ms] = self._begin(gap, self._look, look, pts_ms)
        self._look = look
        yield from map(self._judged, self._content.push(pts_ms, look, frame, key=key))

    def flush(self) -> Iterator[Settled]:
        """See `ShotDetector.flush`."""
        yield from map(self._judged, self._content.flush())

    def _begin(self, gap: _Gap, before: Look, look: Look, pts_ms: int) -> Boundary | None:
        if difference(before, look) < _MIN_DIFFERENCE or not unlike(before, look):
            return None
        if gap.regular and pts_ms == gap.until_ms:
            large = max(gap.group.large, key=lambda number: gap.group.packets[number].size, default=None)
            if large is None:
                return None
            pts_ms = gap.group.times_ms[large]
        if pts_ms - self._last_ms < MIN_SHOT_MS:
            return None
        self._last_ms = pts_ms
        return Boundary.cut(pts_ms)

    def _judged(self, settled: Settled) -> Settled:
        if settled.pts_ms in self._begins:
            return replace(settled, boundary=self._begins.pop(settled.pts_ms))
        if settled.boundary is not None:
            self._last_ms = settled.boundary.at_ms
        return settled


__all__ = ["KeyShotDetector"]
