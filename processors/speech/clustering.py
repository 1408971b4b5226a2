"""Prints of a whole video into groups of one voice each: spectral clustering of at most 2,000 at a time.

::

    prints -> beyond 2,000: neighbours that are alike become one; then 2,000 at a time
           -> affinity: cosines, of which those that two voices may have count nothing
           -> eigenvectors of its Laplacian, as many as there are speakers; k-means of their rows
           -> groups whose middles are alike are joined, groups with too little speech given up
           -> each print to the nearest middle

Source: Ng, Jordan, Weiss, "On spectral clustering", 2001; for speakers Wang et al., "Speaker diarization with LSTM",
ICASSP 2018. All of it is deterministic: k-means starts from the rows that lie farthest apart.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.speech.speaker_count import speaker_count
from processors.speech.voiceprint import Vectors, normalised

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

MAX_CENTROIDS: Final = 2_000  # 2 s for their eigenvectors on one core; 29,000 prints of six hours would take hours
# Cosines up to this are met between windows of different voices (99.9 % of pairs lie below 0.35), of one voice 99 % lie
# above 0.39; of windows under 1.4 s above 0.25.
_FLOOR: Final = 0.30
# Middles of two voices had cosines up to 0.34, over the telephone 0.47; of two halves of what one says from 0.82.
_SAME_VOICE: Final = 0.60
# A voice with less speech than this cannot be told from a noise or two people at once; its prints go to the others.
LEAST_SPEECH_MS: Final = 2_500
# Neighbours from here on are joined before clustering, where there are too many prints: turns of six hours are some
# thousands, and joining across them would mix voices (of eight made-up voices one was lost).
_SAME_TURN: Final = 0.50
_ROUNDS: Final = 20


def voices_of(vectors: Vectors, lengths_ms: NDArray[np.int64], max_centroids: int = MAX_CENTROIDS) -> Vectors:
    """The voices in prints, as the middle of each one's prints.

    Args:
        vectors: of length 1, in time order, shape (n, size).
        lengths_ms: how much speech each stands for, > 0, shape (n,).
        max_centroids: no more than this many at a time; the voices of several times are joined like groups.

    Returns:
        Vectors of length 1, shape (speakers, size), that of the one who speaks most first; (0, size) without prints.
    """
    if len(vectors) == 0:
        return vectors
    weights = lengths_ms.astype(np.float64)
    points, mass = thinned(vectors, weights, max_centroids)
    found = [
        _middles(points[first : first + max_centroids], mass[first : first + max_centroids])
        for first in range(0, len(points), max_centroids)
    ]
    middles = np.concatenate([block for block, _ in found])
    middles = joined(middles, np.concatenate([sums for _, sums in found]), least_mass=float(LEAST_SPEECH_MS))
    labels = by_speech(np.argmax(vectors @ middles.T, axis=1), lengths_ms)
    return _middles_by(labels, vectors, weights)[0]


def thinned(vectors: Vectors, weights: Floats, limit: int) -> tuple[Vectors, Floats]:
    """Join neighbours in time that are alike, the most alike first, until at most `limit` or no such are left.

    Returns:
        (vectors of length 1, sums of weights).
    """
    sums = vectors.astype(np.float64) * weights[:, None]
    mass = weights.copy()
    while len(sums) > limit:
        units = normalised(sums)
        alike = np.einsum("ij,ij->i", units[:-1], units[1:])
        taken = np.zeros(len(sums), dtype=bool)
        wanted = min(len(sums) - limit, max(1, len(sums) // 4))
        first = []
        for index in np.argsort(-alike, kind="stable").tolist():
            if alike[index] < _SAME_TURN:
                break
            if not taken[index] and not taken[index + 1]:
                taken[index] = taken[index + 1] = True
                first.append(index)
                if len(first) == wanted:
                    break
        if not first:
            break
        sums[first] += sums[np.array(first) + 1]
        mass[first] += mass[np.array(first) + 1]
        keep = np.ones(len(sums), dtype=bool)
        keep[np.array(first) + 1] = False
        sums, mass = sums[keep], mass[keep]
    return normalised(sums), mass


def affinity(vectors: Vectors) -> Floats:
    """How sure two prints are of one voice, 0..1, shape (n, n); 0 on the diagonal."""
    alike = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    found: Floats = np.clip((alike - _FLOOR) / (1.0 - _FLOOR), 0.0, 1.0)
    np.fill_diagonal(found, 0.0)
    return found


def joined(middles: Vectors, mass: Floats, least_mass: float) -> Vectors:
    """Join groups whose middles are alike, the most alike first, and give up those with less than `least_mass`.

    The largest group always stays.
    """
    sums, mass = middles.astype(np.float64) * mass[:, None], mass.copy()
    while len(sums) > 1:
        units = normalised(sums).astype(np.float64)
        alike = units @ units.T
        np.fill_diagonal(alike, -1.0)
        left, right = np.unravel_index(int(np.argmax(alike)), alike.shape)
        if alike[left, right] < _SAME_VOICE:
            break
        sums[left], mass[left] = sums[left] + sums[right], mass[left] + mass[right]
        sums, mass = np.delete(sums, right, axis=0), np.delete(mass, right)
    stay = mass >= min(least_mass, float(mass.max()))
    return normalised(sums[stay])


def by_speech(labels: Labels, lengths_ms: NDArray[np.int64]) -> Labels:
    """Number groups by how much speech they have; of equal ones that which comes first is first."""
    names, first = np.unique(labels, return_index=True)
    speech = [int(lengths_ms[labels == name].sum()) for name in names]
    order = sorted(range(len(names)), key=lambda index: (-speech[index], int(first[index])))
    numbers = np.zeros(int(names.max()) + 1, dtype=np.int64)
    numbers[names[order]] = np.arange(len(names))
    return numbers[labels]


def _spectral(points: Vectors) -> Labels:
    if len(points) == 1:
        return np.zeros(1, dtype=np.int64)
    graph = affinity(points)
    degrees = graph.sum(axis=1)
    scale = 1.0 / np.sqrt(np.maximum(degrees, 1e-9))
    # a print that is like no other is a group of its own: its row is 0, so its eigenvalue would be 1 without this
    np.fill_diagonal(graph, np.where(degrees > 0, 0.0, 1.0))
    scale = np.where(degrees > 0, scale, 1.0)
    eigenvalues, eigenvectors = np.linalg.eigh(np.eye(len(points)) - graph * scale[:, None] * scale)
    count = speaker_count(eigenvalues)
    return _k_means(normalised(eigenvectors[:, :count]).astype(np.float64), count)


def _k_means(rows: Floats, count: int) -> Labels:
    middles = rows[[0]]
    for _ in range(1, count):
        distances = ((rows[:, None] - middles) ** 2).sum(axis=2).min(axis=1)
        middles = np.concatenate((middles, rows[[int(np.argmax(distances))]]))
    labels = np.zeros(len(rows), dtype=np.int64)
    for _ in range(_ROUNDS):
        found = ((rows[:, None] - middles) ** 2).sum(axis=2).argmin(axis=1)
        if np.array_equal(found, labels):
            break
        labels = found
        middles = np.stack(
            [rows[labels == name].mean(axis=0) if (labels == name).any() else middles[name] for name in range(count)]
        )
    return labels


def _middles(points: Vectors, mass: Floats) -> tuple[Vectors, Floats]:
    return _middles_by(_spectral(points), points, mass)


def _middles_by(labels: Labels, vectors: Vectors, mass: Floats) -> tuple[Vectors, Floats]:
    names = np.unique(labels)
    sums = np.stack([(vectors[labels == name] * mass[labels == name][:, None]).sum(axis=0) for name in names])
    return normalised(sums), np.array([mass[labels == name].sum() for name in names])


__all__ = ["LEAST_SPEECH_MS", "MAX_CENTROIDS", "affinity", "by_speech", "joined", "thinned", "voices_of"]
