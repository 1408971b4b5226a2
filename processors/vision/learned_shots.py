"""The learned detector: TransNet V2 (Soucek and Lokoc, 2020) looks at all pictures, 100 at a time in 48x27.

As in the paper, windows advance by 50 pictures and the middle half of each counts, so that every picture is judged with
at least 25 on either side. `ops/models` says how the file was made from the authors' weights. A window takes 0.8 s of
one core and most stretches of most videos do not change, so a window is looked at only where something does.

It is shown every second picture of 24 to 30 a second. That halves the cost, and it finds dissolves of 1.5 s and more,
of which at the full rate, on which it was trained, it misses most; cuts it finds as well, and which of two pictures is
the first one of the shot their difference tells.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from processors.media.video import PacketGroup
from processors.vision.boundaries import MIN_SHOT_MS, Settled, within_a_shot
from processors.vision.look import Look, difference
from processors.vision.runs import Judged, RunReader

SHOT_MODEL: Final = "transnetv2"
WIDTH: Final = 48
HEIGHT: Final = 27
WINDOW: Final = 100  # pictures that the network sees
STRIDE: Final = 50
MARGIN: Final = 25  # on either side of the stride
# Nearer pictures are not shown to the network.
MIN_STEP_MS: Final = 60
# A stretch is looked at where a picture differs by this from one shortly before it.
CALM: Final = 4.0
REACH: Final = 6  # pictures shown back, half a second

Thumbnail = NDArray[np.uint8]


class ShotNetwork:
    """The network.

    Args:
        model_path: `transnetv2.onnx`.
        threads: of the processor, >= 1.
    """

    def __init__(self, model_path: Path, threads: int) -> None:
        import onnxruntime

        options: Any = onnxruntime.SessionOptions()
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = threads
        self._session: Any = onnxruntime.InferenceSession(str(model_path), options, providers=["CPUExecutionProvider"])

    def judge(self, frames: Thumbnail) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Judge a window.

        Args:
            frames: uint8 (100, 27, 48, 3), RGB.

        Returns:
            Two probabilities for each picture: to be the last of its shot or the middle of a transition, and to be any
            part of a transition; float32 (100,).

        Raises:
            ValueError: another shape or type.
        """
        if frames.shape != (WINDOW, HEIGHT, WIDTH, 3) or frames.dtype != np.uint8:
            raise ValueError(f"frames must be uint8 {(WINDOW, HEIGHT, WIDTH, 3)}, not {frames.dtype} {frames.shape}")
        single, many = self._session.run(None, {"frames": frames})
        return single, many


@lru_cache(maxsize=1)
def shot_network(model_path: Path, threads: int) -> ShotNetwork:
    """The network, loaded once per process."""
    return ShotNetwork(model_path, threads)


@dataclass(frozen=True, slots=True)
class _Seen:
    pts_ms: int
    look: Look
    change: float  # difference to the picture before
    thumbnail: Thumbnail | None  # None for a picture that the network is not shown


class LearnedDetector:
    """A `ShotDetector` with the network. Holds some 150 thumbnails of 4 kB.

    Args:
        network: the network.
        calm: least difference (`look.difference`) of two pictures half a second apart that makes a stretch worth
            looking at; 0 looks at everything.
    """

    def __init__(self, network: ShotNetwork, calm: float = CALM) -> None:
        self._network = network
        self._calm = calm
        self._waiting: deque[_Seen] = deque()  # not judged
        self._shown: deque[Thumbnail] = deque()  # from `MARGIN` before the first that is not judged
        self._looks: deque[Look] = deque(maxlen=REACH)  # of those shown last
        self._moves: deque[bool] = deque()  # for those of `_shown` whether they differ from one before
        self._last: _Seen | None = None
        self._shown_ms: int | None = None
        self._reader = RunReader()
        self.windows = 0  # for measuring
        self.windows_seen = 0

    def skips(self, group: PacketGroup, key: Look, following: Look | None, until_ms: int) -> bool:
        """See `ShotDetector.skips`: where surely no shot begins."""
        return within_a_shot(group, key, following)

    def every(self, group: PacketGroup) -> bool:
        """Yes: the network was trained on all of them."""
        return True

    def begin(self, group: PacketGroup) -> None:
        """Nothing to remember."""

    def push(self, pts_ms: int, look: Look, frame: Any, *, key: bool) -> Iterator[Settled]:
        """See `ShotDetector.push`; pictures are settled 25 to 75 pictures later, those of a transition after it."""
        if self._last is not None and pts_ms <= self._last.pts_ms:
            raise ValueError(f"time must rise: {pts_ms} after {self._last.pts_ms}")
        change = difference(self._last.look, look) if self._last is not None else 0.0
        shown = self._shown_ms is None or pts_ms - self._shown_ms >= MIN_STEP_MS
        self._last = _Seen(pts_ms, look, change, small(frame) if shown else None)
        self._waiting.append(self._last)
        if self._last.thumbnail is None:
            return
        if self._shown_ms is None:
            self._pad_before(self._last.thumbnail)
        self._shown_ms = pts_ms
        self._show(self._last.thumbnail, look)
        if len(self._shown) == WINDOW:
            yield from self._judge(STRIDE)

    def flush(self) -> Iterator[Settled]:
        """See `ShotDetector.flush`."""
        while left := sum(seen.thumbnail is not None for seen in self._waiting):
            last = self._shown[-1]
            while len(self._shown) < WINDOW:
                self._shown.append(last)
                self._moves.append(False)
            yield from map(self._not_at_the_end, self._judge(min(left, STRIDE)))
        for seen in self._waiting:
            yield self._reader.push(Judged(seen.pts_ms, seen.look, seen.change, 0.0, 0.0))
        self._waiting.clear()

    def _not_at_the_end(self, settled: Settled) -> Settled:
        """What the repeated last picture looks like to the network is no shot, nor is so short a rest."""
        assert self._last is not None
        if settled.boundary is not None and self._last.pts_ms - settled.boundary.end_ms < MIN_SHOT_MS:
            return replace(settled, boundary=None)
        return settled

    def _pad_before(self, first: Thumbnail) -> None:
        self._shown.extend([first] * MARGIN)
        self._moves.extend([False] * MARGIN)

    def _show(self, thumbnail: Thumbnail, look: Look) -> None:
        self._shown.append(thumbnail)
        self._moves.append(bool(self._looks) and difference(self._looks[0], look) >= self._calm)
        self._looks.append(look)

    def _judge(self, count: int) -> Iterator[Settled]:
        """Judge the next `count` shown pictures, and what lies between them."""
        self.windows += 1
        # a change that begins in the stretch shows `REACH` pictures later
        moving = any(list(self._moves)[MARGIN : MARGIN + count + REACH])
        if moving or self._calm <= 0:
            self.windows_seen += 1
            single, many = self._network.judge(np.stack(self._shown))
        else:
            single = many = np.zeros(WINDOW, np.float32)
        for place in range(MARGIN, MARGIN + count):
            seen = self._waiting.popleft()
            found = Judged(seen.pts_ms, seen.look, seen.change, float(single[place]), float(many[place]))
            yield self._reader.push(found)
            while self._waiting and self._waiting[0].thumbnail is None:  # as the shown one before
                seen = self._waiting.popleft()
                yield self._reader.push(Judged(seen.pts_ms, seen.look, seen.change, found.single, found.many))
        for _ in range(count):
            self._shown.popleft()
            self._moves.popleft()


def small(frame: Any) -> Thumbnail:
    """A decoded frame as the network sees it: uint8 (27, 48, 3), RGB; by area, whatever its format."""
    return np.ascontiguousarray(
        frame.reformat(width=WIDTH, height=HEIGHT, format="rgb24", interpolation="AREA").to_ndarray()
    )


__all__ = ["CALM", "SHOT_MODEL", "LearnedDetector", "ShotNetwork", "shot_network", "small"]
