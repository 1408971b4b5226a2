"""Laughter: whether people laugh or applaud.

An audience that reacts has found the moment before us. Seconds of laughter and applause, as heard beside and within
speech, a minute.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal

KINDS: Final = ("laughter", "applause")


class Laughter(Signal):
    """Seconds of laughter and applause a minute, weighted by how sure they are, >= 0; None where there are none."""

    name = "laughter"
    group = "audio"
    # rare and telling
    weight = 0.05

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        heard = sorted(
            {(sound.start_ms, sound.end_ms, sound.kind, sound.probability) for sound in material.sounds}
            | {
                (marker.start_ms, marker.end_ms, marker.kind, marker.strength)
                for said in material.transcript
                for marker in said.markers
            }
        )
        heard = [one for one in heard if one[2] in KINDS]
        if not heard:
            return None
        middles = np.array([(start_ms + end_ms) // 2 for start_ms, end_ms, _, _ in heard], dtype=np.int64)
        seconds = Totals((end_ms - start_ms) / 1_000 * sure for start_ms, end_ms, _, sure in heard)
        low, high = np.searchsorted(middles, windows.starts, "left"), np.searchsorted(middles, windows.ends, "left")
        raw = seconds.sum(low, high) / windows.minutes

        def detail(index: int) -> str:
            inside = heard[int(low[index]) : int(high[index])]
            kinds = [kind for kind in KINDS if any(one[2] == kind for one in inside)]
            return " and ".join(kinds) if kinds else "nobody laughs or applauds"

        return Measured(raw, detail)


__all__ = ["KINDS", "Laughter"]
