"""What the sentences of a video mean, as vectors: what signals of meaning read, and where topics turn.

The vectors come from `processors.content.embedding`, in the stream from the content agent. A video without words, and
a call without an encoder, have no meaning; the signals that need it are then not measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.content.cohesion import cohesion_vectors
from processors.content.segmentation import COHESION, topic_starts
from processors.segments.sentences import Sentence

Vectors = NDArray[np.float32]
# Words of a sentence beyond these add nothing to its weight: a run-on of the recogniser must not decide alone.
MAX_WEIGHT: Final = 30
# Sentences compared on each side of a place where the talk may turn: some 30 s of speech, as long as a short segment.
TURN_SENTENCES: Final = 6


@dataclass(frozen=True, slots=True)
class Meaning:
    """Of the sentences of one video, in their order.

    Args:
        vectors: float32 of shape (sentences, dimensions), rows of length 1.
        weights: shape (sentences,), > 0, how much each counts in a mean.
        topics: shape (sentences,), the number of the topic in which each lies, from 0.
        turns: shape (sentences + 1,), >= 0, how much the talk turns before each sentence and behind the last; the ends
        of
            the video count as the strongest turn within it.
    """

    vectors: Vectors
    weights: NDArray[np.float64]
    topics: NDArray[np.int64]
    turns: NDArray[np.float64]

    @classmethod
    def of(cls, vectors: Vectors, words: Sequence[Sequence[str]]) -> Meaning:
        """From vectors.

        Args:
            vectors: float32 of shape (sentences, dimensions), at least one, rows of length 1.
            words: of each sentence its words in lower case without punctuation.
        """
        weights = np.array([min(len(said), MAX_WEIGHT) + 1 for said in words], dtype=np.float64)
        starts = np.array(topic_starts(vectors, words), dtype=np.int64)
        topics = np.searchsorted(starts, np.arange(len(words)), "right") - 1
        return cls(vectors, weights, topics.astype(np.int64), _turns(vectors, cohesion_vectors(words), weights))


# From sentences to an embedding of each: float32 of shape (sentences, dimensions), rows of length 1.
Understand = Callable[[Sequence[Sentence]], Vectors]


def _turns(vectors: Vectors, cohesion: Vectors, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much two topics explain the sentences around a place better than one, as `segmentation` counts it.

    The gain of a split (Ward 1963): the squared lengths of the sums on both sides over their weights, less that of both
    together.
    """
    count = len(weights)
    gains = np.zeros(count + 1)
    at = np.arange(1, count)
    before, after = np.maximum(0, at - TURN_SENTENCES), np.minimum(count, at + TURN_SENTENCES)
    totals = np.concatenate([[0.0], np.cumsum(weights)])
    for points, share in ((vectors, 1 - COHESION), (cohesion, COHESION)):
        centred = points - (weights @ points / weights.sum()).astype(np.float32)
        spread = float(weights @ np.einsum("ij,ij->i", centred, centred) / weights.sum())
        if spread < 1e-12:
            continue
        sums = np.zeros((count + 1, points.shape[1]))
        np.cumsum(centred * (weights / np.sqrt(spread))[:, None], axis=0, out=sums[1:])

        def held(
            low: NDArray[np.int64], high: NDArray[np.int64], sums: NDArray[np.float64] = sums
        ) -> NDArray[np.float64]:
            inside = sums[high] - sums[low]
            explained: NDArray[np.float64] = np.einsum("ij,ij->i", inside, inside) / (totals[high] - totals[low])
            return explained

        gains[1:count] += share * (held(before, at) + held(at, after) - held(before, after))
    gains[0] = gains[count] = gains.max()
    return gains


__all__ = ["Meaning", "Understand", "Vectors"]
