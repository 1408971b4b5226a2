"""Stretches in which the pictures do not change while time goes on, by the sizes of their packets.

A picture that repeats the one before is written in a fixed number of bytes, whatever is on it: at 640x360, where there
are 920 blocks of 16 pixels, 24 to 73 by h264, 44 by hevc, 35 by vp9; at 1920x1080 26 to 251, 108, 107. A camera that
stands still shows its noise: every second to fourth picture of a car park, of a dark hall or of made noise takes some
hundred bytes, and so does a cartoon at 100 kbit/s whose drawings are moved. So nothing needs to be decoded. An encoder
goes on to sharpen a picture that has stopped moving for up to 1.4 s, which is missing from the stretch then. Codecs
whose pictures are all key frames (mjpeg) or that write more (mpeg4, vp8) show no such stretch.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from processors.media.video import PacketGroup

MIN_STRETCH_MS: Final = 1_000  # a pause between words; below it a picture is only still
_BLOCK: Final = 16 * 16
_BYTES: Final = 64  # of a picture's headers
_BITS_A_BLOCK: Final = 0.2
# By `look.difference`. Pictures that repeat one another differ by less; what a few bytes can say may be more.
SAME: Final = 1.5
# A key frame writes the same picture anew, in another quality: by `look.difference` up to 5.1 away from the one before.
SAME_KEY: Final = 6.0


class FrozenStretches:
    """Finds the stretches of one video.

    Args:
        width, height: of its pictures as stored.
    """

    def __init__(self, width: int, height: int) -> None:
        self._limit_bytes = _BYTES + _BITS_A_BLOCK * width * height / _BLOCK / 8
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._start_ms: int | None = None  # of the run at hand; None before the first picture
        self._last_ms = 0
        self._repeats = False  # whether the last picture repeats the one before it

    def add(self, group: PacketGroup) -> None:
        """The next group of packets, before its pictures are looked at."""
        for place, (time_ms, packet) in enumerate(sorted(zip(group.times_ms, group.packets, strict=True), key=_time)):
            key = place == 0 and group.keyed
            if self._start_ms is not None and time_ms <= self._last_ms:
                continue
            repeats = packet.size <= self._limit_bytes
            if self._start_ms is None or not (repeats or (key and self._repeats)):
                self._start_ms = time_ms
            elif time_ms - self._start_ms >= MIN_STRETCH_MS:
                self._note(self._start_ms, time_ms)
            self._last_ms, self._repeats = time_ms, repeats

    def change(self, at_ms: int, difference: float, *, key: bool) -> None:
        """A picture that was decoded, a `key` frame or not: its `difference` to the one before ends a stretch there."""
        if difference < (SAME_KEY if key else SAME):
            return
        place = bisect_right(self._starts, at_ms) - 1
        if place >= 0 and self._starts[place] < at_ms <= self._ends[place]:
            end_ms, self._ends[place] = self._ends[place], at_ms
            self._starts.insert(place + 1, at_ms)
            self._ends.insert(place + 1, end_ms)
        if self._start_ms is not None and self._start_ms < at_ms:
            self._start_ms = at_ms

    def around(self, at_ms: int) -> int:
        """For how long the picture at `at_ms` stands still, as far as is known; 0 where it does not."""
        place = bisect_right(self._starts, at_ms) - 1
        if place < 0 or at_ms > self._ends[place]:
            return 0
        length_ms = self._ends[place] - self._starts[place]
        return length_ms if length_ms >= MIN_STRETCH_MS else 0

    def _note(self, start_ms: int, end_ms: int) -> None:
        if self._starts and self._starts[-1] == start_ms:
            self._ends[-1] = end_ms
        else:
            self._starts.append(start_ms)
            self._ends.append(end_ms)


def _time(entry: tuple[int, object]) -> int:
    return entry[0]


__all__ = ["MIN_STRETCH_MS", "SAME", "SAME_KEY", "FrozenStretches"]
