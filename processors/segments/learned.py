"""What ranking has learned: weights of the signals, what a sentence is worth, and how a score becomes a probability.

`data/ranking.json` is written by `ops/models/train_ranking.py`, which says on what it was trained and what was held
out; docs/ranking.md has the figures.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Bounds of the interval of an estimate: 90 % of the models that samples of the training data give.
LOW, HIGH = 0.05, 0.95
DECIMALS: Final = 4


@dataclass(frozen=True, slots=True)
class Learned:
    """The model.

    Attributes:
        weights: by signal, >= 0, together 1.
        worth: float64 of shape (dimensions,), weights of a sentence's vector.
        worth_bias: log odds of a sentence about which nothing is known.
        spread: standard deviation of the log odds of a video's sentences, in the mean of the training items.
        calibration: shape (4,), of the log odds of a segment: constant, per score, per worth, per spread of the worths.
        resampled: shape (samples, 4), the same from samples of the training data.
    """

    weights: dict[str, float]
    worth: Floats
    worth_bias: float
    spread: float
    calibration: Floats
    resampled: Floats

    def probability(self, scores: Floats, worths: Floats, spread: float) -> Floats:
        """How probable it is that people would mark most of each window.

        Args:
            scores: shape (windows,), 0..1.
            worths: shape (windows,), mean log odds of the sentences; NaN where nothing is said: then as the average.
            spread: standard deviation of the log odds of the video's sentences: where they differ clearly, it shows.
        """
        odds: Floats = self._features(scores, worths, spread) @ self.calibration
        return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)

    def interval(self, score: float, worth: float, spread: float) -> tuple[float, float]:
        """Bounds of that probability for one window, by what other samples of the training data would have taught."""
        odds = self._features(np.array([score]), np.array([worth]), spread) @ self.resampled.T
        low, high = np.quantile(1 / (1 + np.exp(-odds)), [LOW, HIGH])
        return float(low), float(high)

    def _features(self, scores: Floats, worths: Floats, spread: float) -> Floats:
        known = np.where(np.isfinite(worths), worths, self.worth_bias)
        return np.stack([np.ones(len(scores)), scores, known, np.full(len(scores), spread)], axis=1)


@cache
def model() -> Learned:
    """The model of this version, read once."""
    content = orjson.loads(files("processors.segments").joinpath("data/ranking.json").read_bytes())
    return Learned(
        weights=content["weights"],
        worth=unpack(content["worth"]),
        worth_bias=content["worth_bias"],
        spread=content["spread"],
        calibration=np.array(content["calibration"], dtype=np.float64),
        resampled=np.array(content["resampled"], dtype=np.float64),
    )


def pack(values: Sequence[float] | Floats) -> str:
    """Numbers as base64 of 16-bit floats: three digits, a third of their size as text."""
    return base64.b64encode(np.asarray(values, dtype="<f2").tobytes()).decode()


def unpack(text: str) -> Floats:
    """The numbers again."""
    return np.frombuffer(base64.b64decode(text), dtype="<f2").astype(np.float64)


__all__ = ["DECIMALS", "Learned", "model", "pack", "unpack"]
