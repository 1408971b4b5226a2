"""From two probabilities for each picture to boundaries: runs of pictures that are likely part of a transition.

A cut is a run of one or two pictures, the last ones of the old shot; longer runs are dissolves, or fades where one of
their pictures is plain. What a fade out leaves plain and a fade in takes up again is one transition. Dissolves and
fades that `gradual` sees and the network does not count as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from processors.vision.boundaries import MAX_PLAIN_MS, MIN_SHOT_MS, PLAIN_DEVIATION, Boundary, Settled
from processors.vision.gradual import GradualDetector, blend_of, middle_of, unlike
from processors.vision.look import Look, difference

# Pictures with at least one of these probabilities, of the middle of a transition and of any part of one, form runs.
MIDDLE: Final = 0.45
PART: Final = 0.3
# A run without a likely middle is a transition when the network is this sure of a part of it and its pictures are a
# blend of unlike ends: no further from the line between these than this. A lorry that passes has up to 0.83.
_SURE_PART: Final = 0.7
_MAX_RESIDUE: Final = 0.25
# A run of at most this many is a cut: blended pictures on it make two or three.
CUT_PICTURES: Final = 3
# A longer one is a cut when a single step makes this part of the whole change.
_CUT_PART: Final = 0.6
# A longer run is no transition.
MAX_MS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Judged:
    """A picture with what the network says of it.

    Args:
        pts_ms: its time.
        look: its look.
        change: difference to the picture before (`look.difference`).
        single: probability to be the last of its shot, or the middle of a transition, 0..1.
        many: probability to be part of a transition, 0..1.
    """

    pts_ms: int
    look: Look
    change: float
    single: float
    many: float

    @property
    def likely(self) -> bool:
        """Whether it belongs to a run."""
        return self.single >= MIDDLE or self.many >= PART

    @property
    def plain(self) -> bool:
        """Whether it shows one tone only."""
        return bool(self.look.luma.std() < PLAIN_DEVIATION)


class RunReader:
    """Settles pictures in time order."""

    def __init__(self) -> None:
        self._before: Judged | None = None  # the last one outside a run
        self._run: list[Judged] = []
        self._endless = False  # within a run that was longer than any transition
        self._peak_ms: int | None = None  # of the run, newest picture that is likely the middle
        self._plain_ms: int | None = None  # since when the picture is plain, or was last; None at the start of a video
        self._faded: tuple[int, int] | None = None  # first picture of a fade out, first plain one after it
        self._gradual = GradualDetector()
        self._end_ms: int | None = None  # of the last transition

    def push(self, picture: Judged) -> Settled:
        """Settle the next picture; what a run means is known with the first one after it."""
        boundary = None
        if self._run and picture.pts_ms - self._run[0].pts_ms > MAX_MS:
            self._run, self._peak_ms, self._endless = [], None, True
        self._endless = self._endless and picture.likely
        likely = picture.likely and not self._endless
        second = picture.single >= MIDDLE and self._peak_ms is not None and _apart(self._peak_ms, picture.pts_ms)
        if self._run and (second or not likely):
            boundary = self._ended(picture)
            self._run, self._peak_ms = [], None
        elif self._faded is not None and not likely and not self._still_plain(picture):
            boundary = self._fade(picture.pts_ms, picture.pts_ms)
        if likely:
            self._run.append(picture)
            if picture.single >= MIDDLE:
                self._peak_ms = picture.pts_ms
        else:
            if picture.plain and self._before is not None and not self._before.plain:
                self._plain_ms = picture.pts_ms
            self._before = picture
        blend = self._gradual.push(picture.pts_ms, picture.look, cut=boundary is not None and boundary.kind == "cut")
        if blend is not None and boundary is None and not self._run and self._faded is None:
            boundary = self._kept(blend)
        starts = [self._faded[0]] if self._faded else [self._run[0].pts_ms] if self._run else [picture.pts_ms]
        return Settled(picture.pts_ms, boundary, min(starts[0], max(self._gradual.safe_ms, self._end_ms or 0)))

    def _still_plain(self, picture: Judged) -> bool:
        return self._faded is not None and picture.plain and picture.pts_ms - self._faded[1] <= MAX_PLAIN_MS

    def _ended(self, after: Judged) -> Boundary | None:
        run, before = self._run, self._before or self._run[0]
        if self._peak_ms is None and not self._certain(before, after):
            return None
        if self._faded is not None:
            return self._fade(run[0].pts_ms, run[-1].pts_ms)
        steps = [*run[1:], after]
        largest = max(steps, key=lambda one: one.change)
        whole = difference(before.look, after.look)
        if len(run) <= CUT_PICTURES or largest.change >= _CUT_PART * whole:
            return self._kept(Boundary.cut(largest.pts_ms))
        if before.plain:
            return self._faded_in(run[-1].pts_ms)
        if after.plain:
            self._faded = run[0].pts_ms, after.pts_ms
            return None
        dark = [one.pts_ms for one in run if one.plain]
        if dark and not run[0].plain and not run[-1].plain:
            return self._kept(Boundary((dark[0] + dark[-1]) // 2, "fade", run[0].pts_ms, run[-1].pts_ms))
        parts, _ = blend_of([before.look, *(one.look for one in run), after.look])
        middle_ms = middle_of(parts, [before.pts_ms, *(one.pts_ms for one in run), after.pts_ms])
        middle_ms = min(max(middle_ms, run[0].pts_ms), run[-1].pts_ms)
        return self._kept(Boundary(middle_ms, "dissolve", run[0].pts_ms, run[-1].pts_ms))

    def _certain(self, before: Judged, after: Judged) -> bool:
        """Whether a run without a likely middle is a transition all the same."""
        if max(one.many for one in self._run) < _SURE_PART:
            return False
        if any(one.plain for one in (*self._run, after)):
            return True
        looks = [before.look, *(one.look for one in self._run), after.look]
        return unlike(before.look, after.look) and blend_of(looks)[1] <= _MAX_RESIDUE

    def _faded_in(self, end_ms: int) -> Boundary | None:
        """After a fade out that the network did not see; none where the plain picture itself began a shot."""
        start_ms = self._plain_ms
        if start_ms is None or end_ms - start_ms > MAX_PLAIN_MS + MAX_MS:
            return None
        return self._kept(Boundary((start_ms + self._run[0].pts_ms) // 2, "fade", start_ms, end_ms))

    def _fade(self, plain_until_ms: int, end_ms: int) -> Boundary | None:
        assert self._faded is not None
        start_ms, plain_ms = self._faded
        self._faded = None
        return self._kept(Boundary((plain_ms + plain_until_ms) // 2, "fade", start_ms, end_ms))

    def _kept(self, boundary: Boundary) -> Boundary | None:
        if self._end_ms is not None and not _apart(self._end_ms, boundary.start_ms):
            return None
        self._end_ms = boundary.end_ms
        return boundary


def _apart(first_ms: int, second_ms: int) -> bool:
    return second_ms - first_ms >= MIN_SHOT_MS


__all__ = ["CUT_PICTURES", "MAX_MS", "Judged", "RunReader"]
