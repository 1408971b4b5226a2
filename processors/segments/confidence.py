"""How far to trust a ranked segment: confidence by modality and over all, and how engaging it may be.

The probability that people would mark most of a segment is learned (`learned`), from its score and from what its
sentences are worth. Confidence is that probability times what the material allows: words that were misheard, modalities
about which nothing is known, and videos in which there was little to compare with lower it. Figures of its calibration
are in docs/ranking.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from processors.domain import Engagement
from processors.segments.fusion import Fusion
from processors.segments.learned import DECIMALS, model
from processors.segments.material import Floats, Material, Totals, Windows
from processors.segments.signals import Group
from processors.segments.signals.worth import window_worth, worth_spread

# With n windows to compare, percentiles are trusted n / (n + COMPARED): a single window tells nothing about rank.
COMPARED: Final = 1
# Nothing was learned about moments without words: even odds.
UNLEARNED: Final = 0.5
# What is lost where a modality is missing altogether: most is known from what is said.
MISSING: Final[dict[Group, float]] = {"speech": 0.5, "audio": 0.03, "vision": 0.05}


@dataclass(frozen=True, slots=True)
class Trust:
    """Of all windows of a video.

    Args:
        probabilities: shape (windows,), as learned.
        worths: shape (windows,), mean log odds of the sentences; NaN where nothing is said.
        spread: of the log odds of the video's sentences.
        certainty: shape (windows,), mean probability of the words; 1 where nothing is said, since nothing was misheard.
        fusion: scores, and what was measured by modality.
    """

    probabilities: Floats
    worths: Floats
    spread: float
    certainty: Floats
    fusion: Fusion

    @classmethod
    def of(cls, material: Material, windows: Windows, fusion: Fusion) -> Trust:
        """Gather it."""
        worths, spread = window_worth(material, windows), worth_spread(material)
        certain = Totals(token.probability for token in material.tokens).mean(windows.word_low, windows.word_high)
        learned = model().probability(fusion.scores, worths, spread)
        probabilities = np.where(np.isfinite(worths), learned, UNLEARNED)
        return cls(probabilities, worths, spread, np.where(np.isfinite(certain), certain, 1.0), fusion)

    def modalities(self, index: int) -> dict[str, float]:
        """Confidence in what each modality tells of a window, for those that are there, 0..1."""
        shares = {group: float(known[index]) for group, known in self.fusion.modalities.items() if group in MISSING}
        found = {
            group: share * (self.certainty[index] if group == "speech" else 1.0) for group, share in shares.items()
        }
        return {group: round(float(value), DECIMALS) for group, value in sorted(found.items()) if value > 0}

    def confidence(self, index: int) -> float:
        """How far to trust a window, 0..1."""
        allowed = allowance(self.fusion.modalities, self.certainty)
        return round(float(self.probabilities[index] * allowed[index]), DECIMALS)

    def engagement(self, index: int) -> Engagement | None:
        """The learned probability alone, and its bounds by the training data; None where nothing is said.

        Nothing was learned about moments without words.
        """
        if not np.isfinite(self.worths[index]):
            return None
        score, worth = float(self.fusion.scores[index]), float(self.worths[index])
        low, high = model().interval(score, worth, self.spread)
        found = float(self.probabilities[index])
        return Engagement(
            score=round(found, DECIMALS),
            low=round(min(low, found), DECIMALS),
            high=round(max(high, found), DECIMALS),
        )


def allowance(modalities: Mapping[Group, Floats], certainty: Floats) -> Floats:
    """What the material allows of confidence, 0..1.

    Args:
        modalities: of each group of signals how much of its weight was measured, shape (windows,).
        certainty: shape (windows,), mean probability of the words.
    """
    count = len(certainty)
    allowed = np.ones(count)
    for group, loss in MISSING.items():
        known = modalities.get(group, np.zeros(count)) * (certainty if group == "speech" else 1.0)
        allowed -= loss * (1 - known)
    return np.asarray(allowed * count / (count + COMPARED), dtype=np.float64)


__all__ = ["COMPARED", "MISSING", "UNLEARNED", "Trust", "allowance"]
