"""Topics of a video: where speech turns to something else.

The sentences are points, by their meaning (`embedding`) and by the telling words that they share (`cohesion`). Cut into
topics, each sentence should lie near the mean of its topic: the cut is the one for which the squared distances to these
means, plus a price for every topic, are least. Dynamic programming finds it exactly (Fisher 1958; as kernel change
points Arlot, Celisse and Harchaoui 2019; for text Utiyama and Isahara 2001 with another cost). The price grows with the
logarithm of the number of sentences, as in Schwarz's criterion: among more places to cut, chance finds a better one.
So the number of topics comes from the data, and a talk about one thing stays whole.

Six hours have some 6,000 sentences: sentences are taken together so that at most `MAX_STEPS` places are tried, and
each cut is then moved to the best sentence nearby. Time and memory are thus bounded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.content.cohesion import cohesion_vectors

Floats = NDArray[np.float64]

# Tuned on every other meeting of QMSum's validation part and on excerpts of them put together; see docs/quality.md.
COHESION: Final = 0.3  # share of shared words in the distance; the rest is meaning
# Price of a topic per log(sentences), in mean squared distances of a sentence from the mean of the video. With 2.5 /
# ln 40 a talk about one thing falls apart, with 4 / ln 40 two things of 20 sentences each are seldom told apart.
PRICE: Final = 0.8
# A topic has at least this many sentences: some 20 s of speech.
MIN_SENTENCES: Final = 4
# Weight of a sentence is its number of words, up to this: a run-on of the recogniser must not decide alone.
MAX_WORDS: Final = 30
MAX_STEPS: Final = 1_500


def topic_starts(vectors: NDArray[np.float32], words: Sequence[Sequence[str]]) -> list[int]:
    """Where topics start.

    Args:
        vectors: float32 of shape (sentences, dimensions), an embedding of each sentence, rows of length 1.
        words: of each sentence its words in lower case without punctuation.

    Returns:
        Positions of the sentences with which topics start, the first of them 0; empty without sentences.

    Raises:
        ValueError: not one embedding for each sentence.
    """
    if vectors.ndim != 2 or len(vectors) != len(words):
        raise ValueError(f"{len(words)} sentences have embeddings of shape {vectors.shape}")
    if not len(words):
        return []
    weights = np.array([min(len(said), MAX_WORDS) for said in words], dtype=np.float64) + 1e-3
    points = np.hstack(
        [
            np.float32(math.sqrt(1 - COHESION)) * _centred(vectors, weights),
            np.float32(math.sqrt(COHESION)) * _centred(cohesion_vectors(words), weights),
        ]
    )
    price = PRICE * math.log(len(words)) * float(weights.mean())
    # running sums: of six hours 37 MB; sums in single precision would be too coarse for their differences
    sums = np.zeros((len(words) + 1, points.shape[1]))
    np.multiply(points, weights[:, None], out=sums[1:])
    np.cumsum(sums[1:], axis=0, out=sums[1:])
    del points
    totals = np.concatenate([[0.0], np.cumsum(weights)])
    return _refined(_cheapest(sums, totals, price), sums, totals)


def _centred(vectors: NDArray[np.float32], weights: Floats) -> NDArray[np.float32]:
    """Without the mean of the video, and with a mean squared length of 1, so that both kinds weigh what they should."""
    centred = vectors - (weights @ vectors / weights.sum()).astype(np.float32)
    spread = float(weights @ np.einsum("ij,ij->i", centred, centred) / weights.sum())
    scaled: NDArray[np.float32] = centred * np.float32(1 / math.sqrt(spread) if spread > 1e-12 else 0.0)
    return scaled


def _cheapest(sums: Floats, totals: Floats, price: float) -> list[int]:
    """The starts with the least cost among every `step`-th sentence."""
    count = len(totals) - 1
    step = max(1, math.ceil(count / MAX_STEPS))
    places = np.append(np.arange(0, count, step), count)
    at, total = sums[places], totals[places]
    products = at @ at.T
    squares = np.diag(products)
    least = max(1, math.ceil(MIN_SENTENCES / step))
    cost = np.full(len(places), np.inf)
    cost[0] = 0.0
    before = np.zeros(len(places), dtype=np.int64)
    for end in range(min(least, len(places) - 1), len(places)):
        start = np.arange(max(1, end - least + 1))  # a video with fewer sentences than a topic needs is one topic
        gain = squares[end] + squares[start] - 2 * products[end, start]
        options = cost[start] + price - gain / (total[end] - total[start])
        best = int(np.argmin(options))
        cost[end], before[end] = options[best], best
    starts = [int(before[-1])]
    while starts[-1]:
        starts.append(int(before[starts[-1]]))
    return [int(places[start]) for start in reversed(starts)]


def _refined(starts: list[int], sums: Floats, totals: Floats) -> list[int]:
    """Each cut at the best sentence nearby, one after the other; without effect where every sentence was tried."""
    count = len(totals) - 1
    step = max(1, math.ceil(count / MAX_STEPS))
    bounds = [*starts, count]
    for index in range(1, len(starts) if step > 1 else 0):
        low, high = bounds[index - 1], bounds[index + 1]
        tried = np.arange(max(low + 1, bounds[index] - step), min(high - 1, bounds[index] + step) + 1)
        held = ((sums[tried] - sums[low]) ** 2).sum(axis=1) / (totals[tried] - totals[low])
        held += ((sums[high] - sums[tried]) ** 2).sum(axis=1) / (totals[high] - totals[tried])
        bounds[index] = int(tried[int(np.argmax(held))])
    assert all(first < second for first, second in pairwise(bounds))
    return bounds[:-1]


__all__ = ["MIN_SENTENCES", "topic_starts"]
