"""Exchange: whether people talk with each other.

An answer to a question and a quick exchange are lively; a wild back and forth of scraps is not understood by whoever
was not there. What is measured is the number of changes between speakers a minute, up to a lively conversation.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal, plural

# More changes a minute than this are interruptions; telephone conversation has some 10.
LIVELY: Final = 6.0


class Exchange(Signal):
    """Changes of speaker a minute, up to `LIVELY`; not measured where one person speaks."""

    name = "exchange"
    group = "structure"
    # some of the best moments are monologues
    weight = 0.02

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        speakers = [utterance.speaker for utterance in material.transcript]
        if len({name for name in speakers if name is not None}) < 2:
            return None
        heard = [speakers[token.utterance] for token in material.tokens]
        changes = [
            0.0,
            *(float(a is not None and b is not None and a != b) for a, b in pairwise(heard)),
        ]
        low, high = windows.word_low, windows.word_high
        count = Totals(changes).sum(np.minimum(low + 1, high), high)
        raw = np.where(high > low, np.minimum(count / windows.minutes, LIVELY), np.nan)

        def detail(index: int) -> str:
            return f"{plural(int(count[index]), 'change')} of speaker" if count[index] else "one person speaks"

        return Measured(raw, detail)


__all__ = ["LIVELY", "Exchange"]
