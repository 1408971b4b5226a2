"""Shot boundaries: a picture that differs from the one before far more than its neighbours differ among themselves.

The adaptive threshold follows PySceneDetect's AdaptiveDetector (content difference over its rolling mean), on
thumbnails instead of whole pictures, and with both sides of the cut compared crosswise, so that flashes are no cuts.

On 94 cuts and 10,505 other pictures (seven real films, and three mixes of them with changed brightness) the strongest
picture that was no cut had a ratio of 3.9, of the cuts all but three had 5 or more; those three join takes that look
nearly the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from processors.vision.boundaries import MIN_SHOT_MS
from processors.vision.look import Look, difference

# Least difference of a cut, in units of `look.difference`. Key frames of a poor encoding differ from the picture before
# them by up to 10.
MIN_DIFFERENCE: Final = 11.0
# Least ratio of the difference to the mean of the neighbours' differences; between 3.9 and 6.4, see above.
MIN_RATIO: Final = 4.8
# Added to that mean, so that a still picture with little noise does not make every change a cut.
_NOISE: Final = 1.0
# Pictures on either side that make the mean, and so the delay of a decision.
WINDOW: Final = 6
# A flash: a picture shortly after looks like one shortly before, that is, differs by less than this part of the cut.
_FLASH_PART: Final = 0.4
_FLASH_PICTURES: Final = 4
_FLASH_MS: Final = 400


@dataclass(frozen=True, slots=True)
class Decided:
    """A picture on which the detector has decided."""

    pts_ms: int
    cut: bool  # first picture of a new shot
    before_ms: int  # time of the picture before; equal to `pts_ms` for the first
    change: float  # difference to the picture before
    ratio: float  # of that to the mean of the neighbours'; 0 when it was not looked at


@dataclass(slots=True)
class _Seen:
    pts_ms: int
    look: Look
    change: float  # difference to the picture before; -1 for the first


class CutDetector:
    """Finds hard cuts in a stream of looks, which need not be evenly spaced. Decisions come `WINDOW` pictures later.

    Args:
        min_difference: least difference of a cut, see `look.difference`.
        min_ratio: least ratio of that to the mean of the neighbours'.
        min_shot_ms: cuts that follow another one faster are left out.
    """

    def __init__(
        self,
        min_difference: float = MIN_DIFFERENCE,
        min_ratio: float = MIN_RATIO,
        min_shot_ms: int = MIN_SHOT_MS,
    ) -> None:
        self._min_difference = min_difference
        self._min_ratio = min_ratio
        self._min_shot_ms = min_shot_ms
        self._past: deque[_Seen] = deque(maxlen=WINDOW)
        self._ahead: deque[_Seen] = deque()
        self._last_cut_ms: int | None = None
        self._cut_before_ms: int | None = None

    def push(self, pts_ms: int, look: Look) -> Iterator[Decided]:
        """Take the next picture.

        Args:
            pts_ms: its time, above that of the picture before.
            look: its look.

        Yields:
            Pictures pushed earlier, in order, each exactly once.

        Raises:
            ValueError: the time does not rise.
        """
        newest = self._ahead[-1] if self._ahead else (self._past[-1] if self._past else None)
        if newest is not None and pts_ms <= newest.pts_ms:
            raise ValueError(f"time must rise: {pts_ms} after {newest.pts_ms}")
        self._ahead.append(_Seen(pts_ms, look, difference(newest.look, look) if newest else -1.0))
        if len(self._ahead) > WINDOW:
            yield self._decide()

    def flush(self) -> Iterator[Decided]:
        """Decide on what is left; the detector is then as new but for the last cut."""
        while self._ahead:
            yield self._decide()
        self._past.clear()

    def retract(self) -> None:
        """The last cut was none after all: what follows is not measured from it."""
        self._last_cut_ms = self._cut_before_ms

    def _decide(self) -> Decided:
        seen = self._ahead.popleft()
        before_ms = self._past[-1].pts_ms if self._past else seen.pts_ms
        ratio = self._ratio(seen)
        cut = ratio >= self._min_ratio and not self._is_flash(seen)
        if cut:
            self._cut_before_ms, self._last_cut_ms = self._last_cut_ms, seen.pts_ms
        self._past.append(seen)
        return Decided(seen.pts_ms, cut, before_ms, seen.change, ratio)

    def _ratio(self, seen: _Seen) -> float:
        if not self._past or seen.change < self._min_difference:
            return 0.0
        if self._last_cut_ms is not None and seen.pts_ms - self._last_cut_ms < self._min_shot_ms:
            return 0.0
        if self._ahead and self._ahead[0].change > seen.change:
            return 0.0  # the weaker first half of a blended cut
        around = sorted(one.change for one in (*self._past, *self._ahead) if one.change >= 0)
        around = around[:-1]  # without the largest: the other half of a blended cut
        return seen.change / ((sum(around) / len(around) if around else 0.0) + _NOISE)

    def _is_flash(self, seen: _Seen) -> bool:
        before = list(self._past)[-_FLASH_PICTURES:]
        after = [seen, *list(self._ahead)[: _FLASH_PICTURES - 1]]
        return any(
            difference(one.look, two.look) < _FLASH_PART * seen.change
            for one in before
            for two in after
            if two.pts_ms - one.pts_ms <= _FLASH_MS
        )
