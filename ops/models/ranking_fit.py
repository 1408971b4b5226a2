"""What is fitted when the ranking is trained: worth of sentences, weights of the signals, and probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ops.models.ranking_table import Table
from processors.domain import Span
from processors.segments.likeness import Likeness
from processors.segments.material import Floats
from processors.segments.selection import nearest_to, select

# Pull of the worth model to nothing; of 0.003, 0.01, 0.03 and 0.1 by cross-validation (AUC on talks 0.912, 0.915,
# 0.912, 0.903; on meetings 0.54 with each).
WORTH_PULL: Final = 1e-4
# Pull of the weights to those by judgement. Tenfold, they stay there; without, half of them are nothing.
WEIGHT_PULL: Final = 3e-3
LEAST_WEIGHT: Final = 1e-3  # of the sum: what training data happens not to show is not proven useless
SCALE: Final = 4.0  # log odds between the worst and the best window to begin with
STEPS: Final = 400
RATE: Final = 3.0
NEWTON: Final = 12
CALIBRATION_PULL: Final = 1e-3
LIMIT: Final = 10


def fit_worth(vectors: Sequence[Floats], marked: Sequence[Floats], weights: Sequence[Floats]) -> tuple[Floats, float]:
    """Logistic regression with a ridge, each item with the same weight, by Newton's method.

    Args:
        vectors: per item, shape (sentences, dimensions).
        marked: per item, 0 or 1.
        weights: per item, > 0.

    Returns:
        Weights of the dimensions, and the constant.
    """
    inputs = np.vstack(vectors).astype(np.float64)
    inputs = np.hstack([inputs, np.ones((len(inputs), 1))])
    wanted = np.concatenate(marked)
    shares = np.concatenate([one / one.sum() / len(weights) for one in weights])
    return _split(_newton(inputs, wanted, shares, WORTH_PULL))


def _split(found: Floats) -> tuple[Floats, float]:
    return found[:-1], float(found[-1])


def fit_weights(tables: Sequence[Table], names: Sequence[str], judged: Floats) -> Floats:
    """Weights of signals, by gradient descent on the cross entropy to how near a window is to a marked span.

    They are at least `LEAST_WEIGHT` and pulled towards those by judgement, in which they begin: a signal about which
    the data says little keeps about what it had.

    Args:
        tables: of the training items, each with the same weight.
        names: of the signals that the data can have.
        judged: their weights by judgement, > 0.

    Returns:
        Shape (names,), together 1.
    """
    inputs = np.vstack([table.matrix(names) for table in tables])
    wanted = np.concatenate([np.minimum(1.0, 2 * table.iou) for table in tables])
    shares = np.concatenate([np.full(len(table.starts), 1 / len(table.starts) / len(tables)) for table in tables])
    judged = judged / judged.sum()
    weights, constant = judged * SCALE, 0.0
    for _ in range(STEPS):
        off = shares * (_sigmoid(inputs @ weights + constant) - wanted)
        pull = WEIGHT_PULL * (weights - judged * weights.sum())
        weights = np.maximum(weights - RATE * (inputs.T @ off + pull), LEAST_WEIGHT * weights.sum())
        constant -= RATE * float(off.sum())
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def scores(table: Table, names: Sequence[str], weights: Floats) -> Floats:
    """Scores of the windows of a table, 0..1, as `processors.segments.fusion` has them."""
    there = np.array([name in table.ranks for name in names]) * weights
    found: Floats = np.round((table.matrix(names) + 0.5) @ there / max(float(there.sum()), 1e-9), 4)
    return found


def chosen(table: Table, found: Floats, opening: Floats | None) -> list[int]:
    """The windows that would be published; `opening` has the scores of the windows of the opening alone."""
    alike = Likeness(table.meaning, table.low, table.high).to
    kept = None
    if table.opening is not None and opening is not None:
        best = int(np.argmax(opening))
        span = Span(int(table.opening.starts[best]), int(table.opening.ends[best]))
        kept = nearest_to(span, table.starts, table.ends)
    return select(table.starts, table.ends, found, LIMIT, kept, alike)


def fit_calibration(features: Floats, allowed: Floats, marked: Floats, shares: Floats) -> Floats:
    """Log odds of being marked from score and worth, such that times what is allowed they are right.

    Args:
        features: shape (segments, 4): 1, score, worth, spread of the worths.
        allowed: shape (segments,), what confidence is multiplied by.
        marked: shape (segments,), 0 or 1: whether half of it or more is marked.
        shares: shape (segments,), weights, together 1.
    """
    found = _newton(features, marked, shares, CALIBRATION_PULL)
    for _ in range(STEPS):  # from there by gradient, as the product with what is allowed is no logistic any more
        odds = _sigmoid(features @ found)
        sure = np.clip(odds * allowed, 1e-6, 1 - 1e-6)
        slope = shares * (sure - marked) / (sure * (1 - sure)) * allowed * odds * (1 - odds)
        found = found - 0.5 * RATE * (features.T @ slope + CALIBRATION_PULL * found)
    return np.asarray(found, dtype=np.float64)


def _newton(inputs: Floats, wanted: Floats, shares: Floats, pull: float) -> Floats:
    found = np.zeros(inputs.shape[1])
    for _ in range(NEWTON):
        odds = _sigmoid(inputs @ found)
        slope = inputs.T @ (shares * (odds - wanted)) + pull * found
        curve = (inputs * (shares * odds * (1 - odds))[:, None]).T @ inputs + pull * np.eye(len(found))
        found = found - np.linalg.solve(curve, slope)
    return found


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -40, 40))), dtype=np.float64)


__all__ = ["LIMIT", "chosen", "fit_calibration", "fit_weights", "fit_worth", "scores"]
