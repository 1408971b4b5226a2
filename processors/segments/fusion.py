"""Fusion: many signals to one score per window.

Each signal becomes its percentile among the windows of the video; the score is their weighted mean over the signals
that could be measured in the video, so a missing modality shifts weight to the others and lowers confidence instead of
counting as bad. What could not be measured in one window counts as the middle there, neither good nor bad: with its
weight given to the others, a silent passage with good pictures would beat every spoken one. All arithmetic is in whole
ten-thousandths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.cancelling import check_wanted
from processors.domain import Reason
from processors.segments.material import Floats, Ints, Material, Windows
from processors.segments.percentiles import percentiles
from processors.segments.signals import ALL, GROUPS, MODALITIES, Group, Measured, Signal
from processors.segments.weights import UNIT, shares

MIDDLE: Final = UNIT // 2
NOT_MEASURED: Final = "not measured here"


@dataclass(frozen=True, slots=True)
class Fusion:
    """Scores of all windows.

    Args:
        names: the signals that count, one per column.
        measured: their measurements.
        values: shape (windows, signals), percentile in ten-thousandths, `MIDDLE` where not measured.
        known: same shape, whether it was measured there.
        weights: shape (signals,), share in ten-thousandths; they add up to `UNIT`, or to 0 when nothing was measured.
        evidence: shape (windows,), 0..1, the weight of what was measured against that of all signals.
        modalities: the same within each group of signals, for those of which anything was measured.
        seen: shape (windows,), whether anything but place and length was measured, whatever its weight.
    """

    names: list[str]
    measured: list[Measured]
    values: Ints
    known: NDArray[np.bool_]
    weights: Ints
    evidence: Floats
    modalities: dict[Group, Floats]
    seen: NDArray[np.bool_]

    @property
    def exact(self) -> Ints:
        """Score of each window in units of 1 / `UNIT`²: exact, for comparing."""
        total: Ints = self.values @ self.weights
        return total

    @property
    def scores(self) -> Floats:
        """Score of each window, 0..1, four decimals."""
        return (self.exact + UNIT // 2) // UNIT / UNIT

    def reasons(self, index: int) -> list[Reason]:
        """The parts of a window's score, the largest contribution first; weights add up to 1."""
        columns = [column for column in range(len(self.names)) if self.weights[column] > 0]
        columns.sort(key=lambda column: (-self.values[index, column] * self.weights[column], self.names[column]))
        return [
            Reason(
                signal=self.names[column],
                value=int(self.values[index, column]) / UNIT,
                weight=int(self.weights[column]) / UNIT,
                detail=self.measured[column].detail(index) if self.known[index, column] else NOT_MEASURED,
            )
            for column in columns
        ]


def fuse(material: Material, windows: Windows, weights: Mapping[str, float], signals: Sequence[Signal] = ALL) -> Fusion:
    """Measure all signals and combine them.

    A signal that is the same for all of several windows tells nothing apart: it is left out of the score, though it
    counts as evidence. When the weights leave nothing of what could be measured (say, speech only wanted in a video
    without any), the signals' own weights decide instead of none, and evidence is 0.

    Args:
        material: of the video.
        windows: at least one.
        weights: by signal name, as from `preferred_weights`.
        signals: those to measure.
    """
    found = []
    for signal in signals:
        check_wanted()
        if (measured := signal.measure(material, windows)) is not None:
            found.append((signal, measured))
    ranks = [percentiles(measured.raw) for _, measured in found]
    wanted = np.array([weights[signal.name] for signal, _ in found], dtype=np.float64)
    known = np.array([np.isfinite(rank) for rank in ranks]).T.reshape(len(windows), len(found))
    evidence = (known * wanted).sum(axis=1) / max(sum(weights[signal.name] for signal in signals), 1e-9)
    told = np.array([signal.group in MODALITIES for signal, _ in found], dtype=bool)
    seen: NDArray[np.bool_] = np.asarray(known[:, told].any(axis=1))
    modalities = {}
    for group in GROUPS:
        own = np.array([signal.group == group for signal, _ in found], dtype=bool)
        total = sum(weights[signal.name] for signal in signals if signal.group == group)
        if own.any() and total > 0:
            modalities[group] = np.clip((known[:, own] * wanted[own]).sum(axis=1) / total, 0.0, 1.0)
    telling = [column for column, rank in enumerate(ranks) if len(windows) == 1 or _varies(rank)]
    kept = telling or list(range(len(found)))
    if not wanted[kept].any():
        kept = list(range(len(found))) if wanted.any() else kept
    base = wanted[kept] if wanted[kept].any() else np.array([found[column][0].weight for column in kept])
    known = known[:, kept]
    values = np.array([ranks[column] for column in kept]).T.reshape(len(windows), len(kept))
    return Fusion(
        names=[found[column][0].name for column in kept],
        measured=[found[column][1] for column in kept],
        values=np.where(known, np.rint(np.nan_to_num(values) * UNIT), MIDDLE).astype(np.int64),
        known=known,
        weights=np.array(shares(base.tolist()) if base.any() else [0] * len(base), dtype=np.int64),
        evidence=np.clip(evidence, 0.0, 1.0),
        modalities=modalities,
        seen=seen,
    )


def _varies(rank: Floats) -> bool:
    known = rank[np.isfinite(rank)]
    return bool(len(known) and (known.min() < known.max() or len(known) < len(rank)))


__all__ = ["MIDDLE", "NOT_MEASURED", "Fusion", "fuse"]
