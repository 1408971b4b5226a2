"""Weights of the signals as a request wants them, and their shares for what could be measured.

Weights are whole ten-thousandths: sums of integers are the same in any order and on any machine, and the shares of a
score add up to exactly 1.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Final

from processors.errors import InvalidMessage
from processors.segments.learned import model
from processors.segments.signals import ALL, GROUPS, Signal

UNIT: Final = 10_000  # one whole in ten-thousandths: four decimals, as published
# Beyond this factor one signal decides alone, whatever the others say.
MAX_FACTOR: Final = 100.0


def preferred_weights(preferences: Mapping[str, float], signals: Sequence[Signal] = ALL) -> dict[str, float]:
    """The weight of each signal after the request's preferences.

    Args:
        preferences: factor by name of a signal or group, 0..`MAX_FACTOR`; both may apply to one signal. 1 changes
            nothing, 0 leaves out.
        signals: those that exist.

    Raises:
        InvalidMessage: an unknown name (the known ones are listed), a factor out of range, or nothing left.
    """
    known = [*GROUPS, *sorted(signal.name for signal in signals)]
    for name, factor in sorted(preferences.items()):
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise InvalidMessage(f"Unknown preference '{name[:60]}'.{hint} Known preferences: {', '.join(known)}.")
        if not (math.isfinite(factor) and 0 <= factor <= MAX_FACTOR):
            raise InvalidMessage(f"Preference '{name}' must be between 0 and {MAX_FACTOR:g}, got {factor}.")
    learned = model().weights
    weights = {
        signal.name: learned.get(signal.name, signal.weight)
        * preferences.get(signal.name, 1.0)
        * preferences.get(signal.group, 1.0)
        for signal in signals
    }
    if not any(weights.values()):
        raise InvalidMessage("The preferences leave no signal to rank by.", "Give at least one a factor above 0.")
    return weights


def shares(weights: Sequence[float]) -> list[int]:
    """Weights as ten-thousandths that add up to `UNIT`, by the largest remainder; ties go to the earlier one.

    Args:
        weights: >= 0, at least one above 0.
    """
    total = math.fsum(weights)
    exact = [weight / total * UNIT for weight in weights]
    whole = [math.floor(value) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda index: (whole[index] - exact[index], index))
    for index in by_remainder[: UNIT - sum(whole)]:
        whole[index] += 1
    return whole


__all__ = ["MAX_FACTOR", "UNIT", "preferred_weights", "shares"]
