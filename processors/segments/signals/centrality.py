"""Centrality: how near what is said lies to what the video, and its topic, are about.

The sentence whose meaning is nearest to the mean of a text stands best for it (centroid summaries, Radev et al. 2004).
Half of the measure is nearness to the mean of the topic, half to that of the whole video: asides, greetings and
technical trouble are far from both.
"""

from __future__ import annotations

import numpy as np

from processors.segments.material import Material, Totals, Windows
from processors.segments.meaning import Meaning, Vectors
from processors.segments.signals.base import Measured, Signal


class Centrality(Signal):
    """Mean cosine of the sentences with the means of their topic and of the video, weighted by their words."""

    name = "centrality"
    group = "speech"
    # on meetings the best single sign of what people ask about (docs/ranking.md)
    weight = 0.10

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        meaning = material.meaning
        if meaning is None:
            return None
        near = material.once("nearness", lambda: nearness(meaning))
        raw = Totals(near, meaning.weights).mean(windows.sentence_low, windows.sentence_high)
        usual = float(near @ meaning.weights / meaning.weights.sum())

        def detail(index: int) -> str:
            where = "nearer to" if raw[index] > usual else "farther from"
            return f"{where} the subject than what is said on average ({float(raw[index]):.2f}, {usual:.2f})"

        return Measured(raw, detail)


def nearness(meaning: Meaning) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Of each sentence the mean of its cosines with its topic and with the whole."""
    weighted = meaning.vectors * meaning.weights[:, None]
    whole = _direction(weighted.sum(axis=0, keepdims=True))
    sums = np.zeros((int(meaning.topics[-1]) + 1, weighted.shape[1]))
    np.add.at(sums, meaning.topics, weighted)
    own = _direction(sums)[meaning.topics]
    near = (np.einsum("ij,ij->i", meaning.vectors, own) + (meaning.vectors @ whole.T)[:, 0]) / 2
    return np.asarray(near, dtype=np.float64)


def _direction(vectors: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Vectors:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), dtype=np.float32)


__all__ = ["Centrality", "nearness"]
