"""What each signal adds: the ranking once more without it, on the same items.

The weights of the others keep their proportions, as when a request's preferences leave a signal out. What a sentence is
worth and probabilities are not learned anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from ops.bench.segments_item import Item
from ops.bench.segments_metrics import measure
from processors.domain import Span
from processors.segments.fusion import fuse
from processors.segments.gathering import gather
from processors.segments.likeness import Likeness
from processors.segments.meaning import Understand
from processors.segments.opening import kept_opening_ms
from processors.segments.selection import select
from processors.segments.weights import preferred_weights

MEASURES: Final = ("hit@3", "recall@10", "map", "best_iou", "inside@3")
DECIMALS: Final = 4


def ablation(items: Sequence[Item], understand: Understand, on_item: Callable[[str, int, int], None]) -> dict[str, Any]:
    """The ranking of all items without each signal.

    Returns:
        By signal: `weight`; `there`, in how many items it tells windows apart; `changed`, share of these in which the
        chosen windows or their order are others without it; and how much less each of `MEASURES` is without it, in
        the mean over these items (negative where it is more).
    """
    weights = preferred_weights({})
    there: dict[str, int] = dict.fromkeys(weights, 0)
    changed: dict[str, int] = dict.fromkeys(weights, 0)
    losses: dict[str, list[list[float]]] = {name: [] for name in weights}
    for number, item in enumerate(items):
        on_item(item.name, number, len(items))
        gathered = gather(item.parts, understand=understand)
        if not gathered.windows:
            continue
        windows = gathered.material.windows(gathered.windows)
        fusion = fuse(gathered.material, windows, weights)
        early = windows.ends <= kept_opening_ms(gathered.duration_ms)
        alike = Likeness(gathered.material.meaning, windows.sentence_low, windows.sentence_high).to

        def chosen(shares: np.ndarray[Any, np.dtype[np.float64]]) -> list[Span]:
            scores = np.round(fusion.values @ shares / max(float(shares.sum()), 1e-9) / 1e4, 4)  # noqa: B023
            most = item.parts.options.max_segments  # noqa: B023
            picked = select(windows.starts, windows.ends, scores, most, early, alike)  # noqa: B023
            return [Span(windows.spans[at].start_ms, windows.spans[at].end_ms) for at in picked]  # noqa: B023

        base = np.array([weights[name] for name in fusion.names])
        whole = chosen(base)
        full = measure(whole, item)
        for column, name in enumerate(fusion.names):
            without = base.copy()
            without[column] = 0.0
            less = chosen(without)
            there[name] += 1
            changed[name] += less != whole
            scores = measure(less, item)
            losses[name].append([(full[key] or 0.0) - (scores[key] or 0.0) for key in MEASURES])
    on_item("", len(items), len(items))
    return {
        name: {
            "weight": round(weights[name], DECIMALS),
            "there": there[name],
            "changed": round(changed[name] / there[name], DECIMALS) if there[name] else None,
            **{
                key: round(float(value), DECIMALS)
                for key, value in zip(MEASURES, np.mean(losses[name], axis=0) if losses[name] else [], strict=False)
            },
        }
        for name in sorted(weights, key=lambda name: (-weights[name], name))
    }


__all__ = ["MEASURES", "ablation"]
