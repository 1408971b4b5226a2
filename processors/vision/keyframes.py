"""Which pictures stand for a shot: the sharpest one, and another for each further stretch that looks different."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from processors.vision.dedup import Duplicates
from processors.vision.look import Look

# A long shot may have one more picture for each stretch of this length. Half the longest pause between pictures that
# a viewer of a summary accepts; speech segments are 8 to 60 s long.
STRETCH_MS: Final = 10_000
# The first pictures of a shot may still be blended with the one before, or be in the middle of a fast move.
GUARD_MS: Final = 120
# Pictures that are passed over are remembered at this distance, for recognising the shot at another moment: some 85 %
# of the moments of a repeated take are then met, at 1000 ms some 60 %. Of one shot the first 51 s count.
GLIMPSE_EVERY_MS: Final = 400
_MAX_GLIMPSES: Final = 128
# A stretch repeats what was shown before when this part of its pictures was seen, nowhere half of them in a row was
# not, and its best one is this near to something seen. In films with repeated takes 0.36 to 0.95 of the pictures of
# these were seen (of one in nine 0.14), of others none; the best had 0.66 or more. A slide that shows an old state
# first and then a new one has the new one in a row.
_REPEATED: Final = 0.25
_UNSEEN_RUN: Final = 0.5
_REPEATED_COSINE: Final = 0.6
_MAX_LOOKS: Final = 128
# Chosen pictures of the shot at hand that its later stretches must differ from: five minutes of change.
_MAX_OWN: Final = 32


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture that may be chosen."""

    pts_ms: int
    frame: Any  # av.VideoFrame, at most as large as what is held
    look: Look
    sharpness: float
    motion: float


class KeyFrames:
    """Chooses pictures shot by shot; holds one candidate.

    Args:
        duplicates: the memory over the whole video; a stretch whose best picture was seen before gets none.
    """

    def __init__(self, duplicates: Duplicates) -> None:
        self._duplicates = duplicates
        self._start_ms = 0
        self._stretch = 0
        self._best: Candidate | None = None
        self._own = _of_one_shot()
        self._chosen = False  # whether the shot has a picture
        self._glimpses: list[Look] = []
        self._glimpse_ms = 0
        self._shot = -1  # number of the shot at hand
        self._looks: list[Look] = []  # of the stretch

    def add(self, candidate: Candidate) -> Iterator[Candidate]:
        """Take the next candidate of the shot; yields the choice of the stretch that it ends, if there is one."""
        stretch = (candidate.pts_ms - self._start_ms) // STRETCH_MS
        if stretch != self._stretch:
            yield from self._choose()
            self._stretch = stretch
        if len(self._looks) < _MAX_LOOKS:
            self._looks.append(candidate.look)
        if candidate.pts_ms >= self._glimpse_ms and len(self._glimpses) < _MAX_GLIMPSES:
            self._glimpses.append(candidate.look)
            self._glimpse_ms = candidate.pts_ms + GLIMPSE_EVERY_MS
        if self._best is not None and self._rank(candidate) <= self._rank(self._best):
            return
        if stretch == 0 or not self._own.seen(candidate.look):  # or the end of the last stretch would be chosen again
            self._best = candidate

    def next_shot(self, start_ms: int) -> Iterator[Candidate]:
        """End the shot, and begin one at `start_ms`; yields the choice of the last stretch, if there is one."""
        yield from self._choose()
        if self._chosen:  # only now: a shot is no duplicate of itself
            for look in self._glimpses:
                self._duplicates.glimpse(look, self._shot)
        self._shot += 1
        self._start_ms = self._glimpse_ms = start_ms
        self._stretch = 0
        self._chosen = False
        self._own = _of_one_shot()
        self._glimpses = []

    def _choose(self) -> Iterator[Candidate]:
        best, self._best = self._best, None
        looks, self._looks = self._looks, []
        if best is not None and not self._duplicates.seen(best.look) and not self._repeated(best, looks):
            self._duplicates.add(best.look, self._shot)
            self._own.add(best.look)
            self._chosen = True
            yield best

    def _repeated(self, best: Candidate, looks: Sequence[Look]) -> bool:
        """Whether the stretch was shown in an earlier shot, although not this very moment of it."""
        if self._duplicates.nearest(best.look) < _REPEATED_COSINE:
            return False
        others = ~self._own.which_seen(looks)  # what is like the shot itself says nothing
        seen = self._duplicates.which_seen(looks)[others]
        unseen_run = max((len(list(run)) for one, run in groupby(seen) if not one), default=0)
        return bool(seen.sum() > _REPEATED * len(seen)) and unseen_run <= _UNSEEN_RUN * len(seen)

    def _rank(self, candidate: Candidate) -> tuple[bool, float]:
        return (candidate.pts_ms - self._start_ms >= GUARD_MS, candidate.sharpness)


def _of_one_shot() -> Duplicates:
    return Duplicates(capacity=_MAX_OWN, glimpse_capacity=1)
