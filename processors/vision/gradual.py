"""Gradual transitions: dissolves, and fades through a plain picture.

In a dissolve every picture is a weighted mean of the two shots, so from step to step the picture changes in the same
direction, and each picture lies on the line between the first and the last. Motion does neither: a moving thing changes
one place and then another. On seven real films this finds both of their dissolves and nothing else; of 40 dissolves of
0.4 to 2 s mixed from shots with their own motion it finds 23, mostly the shorter ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.vision.look import Look, difference

# Pictures are compared in steps of at least this: each of a 2 s dissolve then changes the picture by 2 or more.
STEP_MS: Final = 120
# A pause between pictures longer than this breaks a run: key frames alone show no course.
_MAX_STEP_MS: Final = 1_000
# Length of a transition. Shorter ones are seen as cuts.
_MIN_STEPS: Final = 3
MAX_MS: Final = 3_000
# Least mean change of a step, in grey levels, and least cosine of the directions of one step and the next.
_MIN_CHANGE: Final = 1.0
_MIN_COSINE: Final = 0.5
# Least `look.difference` of both ends: halfway down from those found (92, 138) to fast changes within a shot (22).
_MIN_DIFFERENCE: Final = 30.0
# Most distance of a picture from the line between the ends, relative to their distance; found ones have 0.01 to 0.02.
_MAX_RESIDUE: Final = 0.12
# Most cosine of both ends' brightness about their means: a light that goes on keeps the picture (0.99).
_MAX_LIKENESS: Final = 0.75
# An end whose brightness varies less than this (standard deviation of 0..255) is plain: the transition is a fade.
_PLAIN_DEVIATION: Final = 4.0
# A fade out and a fade in belong together when at most this is between them.
_MAX_PLAIN_MS: Final = 5_000
# A hard cut or another boundary this near makes the change a part of that.
CALM_MS: Final = 400

_WEIGHTS: Final = np.concatenate([np.ones(18 * 32), np.full(2 * 9 * 16, 2.0)]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Transition:
    """A gradual change from one shot to the next."""

    start_ms: int
    boundary_ms: int  # where both shots show equally; for fades the middle of the plain part
    end_ms: int


@dataclass(frozen=True, slots=True)
class _Point:
    pts_ms: int
    look: Look
    vector: NDArray[np.float32]


class GradualDetector:
    """Finds gradual transitions in a stream of looks, some 0.5 s after their end."""

    def __init__(self) -> None:
        self._run: list[_Point] = []  # all pictures of the run, steps and what is between
        self._step: _Point | None = None  # last picture that ended a step
        self._direction: NDArray[np.float32] | None = None
        self._steps = 0
        self._found: Transition | None = None  # waiting for calm
        self._faded_ms: int | None = None  # end of the last fade out
        self._boundary_ms = 0
        self._newest_ms = 0

    @property
    def safe_ms(self) -> int:
        """Pictures before this time are in no transition that is still to come."""
        if self._found is not None:
            return self._found.start_ms
        return self._run[0].pts_ms if self._steps >= 1 else self._newest_ms

    def push(self, pts_ms: int, look: Look, *, cut: bool) -> Transition | None:
        """Take the next picture.

        Args:
            pts_ms: its time, rising.
            look: its look.
            cut: whether it is the first after a hard cut; whatever was going on is then no transition.

        Returns:
            A transition that has ended, or None.
        """
        self._newest_ms = pts_ms
        point = _Point(pts_ms, look, np.concatenate([look.luma.ravel(), look.chroma.ravel()]) * _WEIGHTS)
        if cut:
            self._found = self._faded_ms = None
            self._boundary_ms = pts_ms
            self._begin(point)
            return None
        settled = None
        if self._found is not None and pts_ms - self._found.end_ms >= CALM_MS:
            settled, self._found = self._found, None
            self._boundary_ms = settled.boundary_ms
        self._follow(point)
        return settled

    def _begin(self, point: _Point) -> None:
        self._run, self._step, self._direction, self._steps = [point], point, None, 0

    def _follow(self, point: _Point) -> None:
        last = self._step
        if last is None or point.pts_ms - last.pts_ms > _MAX_STEP_MS:
            self._begin(point)
            return
        self._run.append(point)
        if point.pts_ms - last.pts_ms < STEP_MS:
            return
        direction = point.vector - last.vector
        moving = float(np.abs(direction).mean()) >= _MIN_CHANGE
        straight = self._direction is None or _cosine(self._direction, direction) >= _MIN_COSINE
        if moving and straight and point.pts_ms - self._run[0].pts_ms <= MAX_MS:
            self._steps += 1
        else:
            self._judge([one for one in self._run if one.pts_ms <= last.pts_ms])
            self._run = [one for one in self._run if one.pts_ms >= last.pts_ms] if moving else [point]
            self._steps = 1 if moving else 0
        self._direction = direction if moving else None
        self._step = point

    def _judge(self, run: list[_Point]) -> None:
        if self._steps < _MIN_STEPS or self._found is not None:
            return
        first, last = run[0], run[-1]
        if first.pts_ms - self._boundary_ms < CALM_MS or difference(first.look, last.look) < _MIN_DIFFERENCE:
            return
        line = last.vector - first.vector
        length = float(line @ line)
        parts = [float((one.vector - first.vector) @ line) / length for one in run]
        residues = [
            float(np.abs(one.vector - first.vector - part * line).mean()) for one, part in zip(run, parts, strict=True)
        ]
        if max(residues) > _MAX_RESIDUE * float(np.abs(line).mean()):
            return
        plain = first.look.luma.std() < _PLAIN_DEVIATION, last.look.luma.std() < _PLAIN_DEVIATION
        if plain[1]:
            self._faded_ms = last.pts_ms
        elif plain[0]:
            if self._faded_ms is not None and first.pts_ms - self._faded_ms <= _MAX_PLAIN_MS:
                boundary_ms = (self._faded_ms + first.pts_ms) // 2
                self._found = Transition(first.pts_ms, boundary_ms, last.pts_ms)
            self._faded_ms = None
        elif _cosine(first.look.luma - first.look.luma.mean(), last.look.luma - last.look.luma.mean()) < _MAX_LIKENESS:
            middle_ms = round(float(np.interp(0.5, np.maximum.accumulate(parts), [one.pts_ms for one in run])))
            self._found = Transition(first.pts_ms, middle_ms, last.pts_ms)


def _cosine(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    norms = float(np.linalg.norm(first)) * float(np.linalg.norm(second))
    return float(first.ravel() @ second.ravel()) / max(norms, 1e-6)
