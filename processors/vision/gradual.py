"""Gradual transitions: dissolves, and fades through a plain picture.

In a dissolve every picture is a weighted mean of the two shots, so from step to step the picture changes in the same
direction, and each picture lies on the line between the first and the last. Motion does neither: a moving thing changes
one place and then another. On seven real films this finds both of their dissolves and nothing else; of 40 dissolves of
0.4 to 2 s mixed from shots with their own motion it finds 23, mostly the shorter ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.vision.boundaries import MAX_PLAIN_MS, PLAIN_DEVIATION, Boundary
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
# A hard cut or another boundary this near makes the change a part of that.
CALM_MS: Final = 400

_WEIGHTS: Final = np.concatenate([np.ones(18 * 32), np.full(2 * 9 * 16, 2.0)]).astype(np.float32)


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
        self._found: Boundary | None = None  # waiting for calm
        self._faded_ms: int | None = None  # end of the last fade out
        self._boundary_ms = 0
        self._newest_ms = 0

    @property
    def safe_ms(self) -> int:
        """Pictures before this time are in no transition that is still to come."""
        if self._found is not None:
            return self._found.start_ms
        return self._run[0].pts_ms if self._steps >= 1 else self._newest_ms

    def push(self, pts_ms: int, look: Look, *, cut: bool) -> Boundary | None:
        """Take the next picture.

        Args:
            pts_ms: its time, rising.
            look: its look.
            cut: whether it is the first after a hard cut; whatever was going on is then no transition.

        Returns:
            A dissolve or fade that has ended, or None.
        """
        self._newest_ms = pts_ms
        point = _Point(pts_ms, look, _vector(look))
        if cut:
            self._found = self._faded_ms = None
            self._boundary_ms = pts_ms
            self._begin(point)
            return None
        settled = None
        if self._found is not None and pts_ms - self._found.end_ms >= CALM_MS:
            settled, self._found = self._found, None
            self._boundary_ms = settled.at_ms
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
        parts, residue = _along([one.vector for one in run])
        if residue > _MAX_RESIDUE:
            return
        plain = first.look.luma.std() < PLAIN_DEVIATION, last.look.luma.std() < PLAIN_DEVIATION
        if plain[1]:
            self._faded_ms = last.pts_ms
        elif plain[0]:
            if self._faded_ms is not None and first.pts_ms - self._faded_ms <= MAX_PLAIN_MS:
                at_ms = (self._faded_ms + first.pts_ms) // 2
                self._found = Boundary(at_ms, "fade", first.pts_ms, last.pts_ms)
            self._faded_ms = None
        elif unlike(first.look, last.look):
            middle_ms = middle_of(parts, [one.pts_ms for one in run])
            self._found = Boundary(middle_ms, "dissolve", first.pts_ms, last.pts_ms)


def unlike(first: Look, last: Look) -> bool:
    """Whether two pictures show different things, and not the same in another light."""
    return _cosine(first.luma - first.luma.mean(), last.luma - last.luma.mean()) < _MAX_LIKENESS


def blend_of(looks: Sequence[Look]) -> tuple[list[float], float]:
    """How a course of pictures lies on the line between its first and last one.

    Args:
        looks: at least two.

    Returns:
        How far each is on the way, 0 the first and 1 the last; and the most distance of one from the line, relative to
        the distance of the ends: 0 for a perfect dissolve of still pictures.
    """
    return _along([_vector(look) for look in looks])


def middle_of(parts: Sequence[float], times_ms: Sequence[int]) -> int:
    """When both shots show equally; `parts` from `blend_of`."""
    return round(float(np.interp(0.5, np.maximum.accumulate(parts), times_ms)))


def _along(vectors: Sequence[NDArray[np.float32]]) -> tuple[list[float], float]:
    first, line = vectors[0], vectors[-1] - vectors[0]
    length = max(float(line @ line), 1e-6)
    parts = [float((one - first) @ line) / length for one in vectors]
    residues = [float(np.abs(one - first - part * line).mean()) for one, part in zip(vectors, parts, strict=True)]
    return parts, max(residues) / max(float(np.abs(line).mean()), 1e-6)


def _vector(look: Look) -> NDArray[np.float32]:
    joined: NDArray[np.float32] = np.concatenate([look.luma.ravel(), look.chroma.ravel()]) * _WEIGHTS
    return joined


def _cosine(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    norms = float(np.linalg.norm(first)) * float(np.linalg.norm(second))
    return float(first.ravel() @ second.ravel()) / max(norms, 1e-6)


__all__ = ["CALM_MS", "STEP_MS", "GradualDetector", "blend_of", "middle_of", "unlike"]
