"""Whether confidence means what it says: of segments with a confidence of 0.7, seven in ten should be right.

A segment is right when at least half of its time lies in what people marked. The expected calibration error is the mean
distance of confidence and share of right ones over ten bins of equal width, each weighted by its segments (Naeini et
al. 2015); the Brier score is the mean squared distance, segment by segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ops.bench.segments_metrics import share_inside
from processors.domain import Segment, Span

BINS: Final = 10
RIGHT: Final = 0.5
DECIMALS: Final = 4
_SIZE: Final = 640  # pixels of the plot
_EDGE: Final = 70
_INK, _PALE, _BLUE, _WHITE = (40, 40, 40), (205, 205, 205), (190, 120, 40), (255, 255, 255)
_LABEL: Final = 0.5  # size of letters

Outcome = tuple[float, bool]  # confidence, and whether it was right


def outcomes(segments: Sequence[Segment], spans: Sequence[Span]) -> list[Outcome]:
    """Of each segment its confidence, and whether it was right."""
    return [(one.confidence, share_inside(Span(one.start_ms, one.end_ms), spans) >= RIGHT) for one in segments]


def calibration(found: Sequence[Outcome]) -> dict[str, Any]:
    """Expected calibration error, Brier score and the bins of the reliability diagram; nulls without segments."""
    if not found:
        return {"n": 0, "ece": None, "brier": None, "right": None, "bins": []}
    sure = np.array([confidence for confidence, _ in found])
    right = np.array([was for _, was in found], dtype=np.float64)
    places = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    bins = []
    for place in range(BINS):
        inside = places == place
        if inside.any():
            bins.append(
                {
                    "from": place / BINS,
                    "n": int(inside.sum()),
                    "confidence": round(float(sure[inside].mean()), DECIMALS),
                    "right": round(float(right[inside].mean()), DECIMALS),
                }
            )
    gaps = sum(one["n"] * abs(one["confidence"] - one["right"]) for one in bins)
    return {
        "n": len(found),
        "ece": round(gaps / len(found), DECIMALS),
        "brier": round(float(((sure - right) ** 2).mean()), DECIMALS),
        "right": round(float(right.mean()), DECIMALS),
        "bins": bins,
    }


def draw(found: dict[str, Any], path: Path) -> None:
    """The reliability diagram as a PNG: a disc for each bin, as large as it has segments; right is on the diagonal."""
    picture = np.full((_SIZE, _SIZE, 3), _WHITE, dtype=np.uint8)
    for step in range(0, 11, 2):
        across, up = _at(step / 10, 0.0), _at(0.0, step / 10)
        cv2.line(picture, across, _at(step / 10, 1.0), _PALE, 1, cv2.LINE_AA)
        cv2.line(picture, up, _at(1.0, step / 10), _PALE, 1, cv2.LINE_AA)
        _write(picture, f"{step / 10:.1f}", (across[0] - 12, across[1] + 24))
        _write(picture, f"{step / 10:.1f}", (up[0] - 38, up[1] + 5))
    cv2.line(picture, _at(0.0, 0.0), _at(1.0, 1.0), _INK, 1, cv2.LINE_AA)
    points = [_at(one["confidence"], one["right"]) for one in found["bins"]]
    for one, other in pairwise(points):
        cv2.line(picture, one, other, _BLUE, 2, cv2.LINE_AA)
    for one, point in zip(found["bins"], points, strict=True):
        cv2.circle(picture, point, 4 + round(3 * float(np.log2(1 + one["n"]))), _BLUE, -1, cv2.LINE_AA)
        _write(picture, str(one["n"]), (point[0] - 5 * len(str(one["n"])), point[1] + 5), _WHITE, 0.42)
    _write(picture, "confidence", (_SIZE // 2 - 40, _SIZE - 18))
    _write(picture, "share that was right", (14, 34))
    _write(picture, f"n = {found['n']}, expected calibration error {found['ece']:.3f}", (_SIZE - 380, 34))
    if not cv2.imwrite(str(path), picture):
        raise OSError(f"{path} cannot be written")


def _at(confidence: float, right: float) -> tuple[int, int]:
    width = _SIZE - 2 * _EDGE
    return _EDGE + round(confidence * width), _SIZE - _EDGE - round(right * width)


def _write(
    picture: NDArray[np.uint8],
    text: str,
    at: tuple[int, int],
    colour: tuple[int, int, int] = _INK,
    size: float = _LABEL,
) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


__all__ = ["BINS", "RIGHT", "Outcome", "calibration", "draw", "outcomes"]
