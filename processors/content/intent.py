"""What a sentence is for: to teach, to tell a story, to give an opinion or advice, to ask, to joke, to announce.

A multinomial logistic regression on the vector of the sentence encoder, so that it costs a product of a vector with a
small matrix, and knows the encoder's 16 languages. `ops/models/train_intent.py` made the weights from sentences that
were written for it in four of them; docs/quality.md has how often it is right, also in a language that it never saw.
A sentence is judged alone: a joke told as a story is a story until its last line.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from processors.content.embedding import DIMENSIONS, Vectors

# Neither of the others: greetings, half sentences, numbers read out, talk about the room.
OTHER: Final = "other"
NAMES: Final = ("advise", "announce", "ask", "joke", "opinion", "story", "teach", OTHER)
DECIMALS: Final = 4


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the regression, in the order of `NAMES`.

    Attributes:
        matrix: float64, shape (intents, 512).
        bias: float64, shape (intents,).
    """

    matrix: NDArray[np.float64]
    bias: NDArray[np.float64]


def intents(vectors: Vectors) -> list[tuple[str, float]]:
    """The most probable intent of each sentence and its probability.

    Args:
        vectors: float32 of shape (sentences, 512), of length 1; one of zeros says nothing, and is `OTHER`.

    Raises:
        ValueError: another shape, as of another encoder.
    """
    if vectors.ndim != 2 or vectors.shape[1] != DIMENSIONS:
        raise ValueError(f"vectors must have the shape (n, {DIMENSIONS}), not {vectors.shape}")
    if not len(vectors):
        return []
    probable = np.round(probabilities(vectors, _weights()), DECIMALS)
    best = probable.argmax(axis=1)  # of equals the first by name
    return [
        (NAMES[index], float(row[index])) if vector.any() else (OTHER, 1.0)
        for vector, row, index in zip(vectors, probable, best.tolist(), strict=True)
    ]


def probabilities(vectors: Vectors, weights: Weights) -> NDArray[np.float64]:
    """Of each intent for each sentence; shape (sentences, intents), rows add up to 1."""
    scores = vectors.astype(np.float64) @ weights.matrix.T + weights.bias
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


@cache
def _weights() -> Weights:
    stored: dict[str, Any] = orjson.loads(files("processors.content").joinpath("data/intent.json").read_bytes())
    return Weights(
        np.array([stored["weights"][name] for name in NAMES]), np.array([stored["bias"][name] for name in NAMES])
    )


__all__ = ["NAMES", "OTHER", "Weights", "intents", "probabilities"]
