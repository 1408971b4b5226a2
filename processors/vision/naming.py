"""From what two networks say of a picture to the words that are said of it.

They were trained on different photographs and see different things: the detector small ones, the classifier what the
picture is about. Of a word that both find likely, the confidence is that of either being right; else the higher one
counts. Thresholds are such that of the words that remain four in five are right: `docs/quality.md`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.domain import Label
from processors.vision.words import CLASSIFIED, DETECTED

# Least confidence of a word. With 0.5 to 0.67 the classifier took a drawn bird for a monkey, a leaf for an insect, a
# drilling rig for an instrument and a grey head for a ball.
MIN_CONFIDENCE: Final = 0.7
# Of a word of the detector alone. On pictures that show no thing at all (an empty car park, noise, wallpapers) it found
# kites, beds, umbrellas and scissors with 0.60 to 0.63, and a person in a drawn bird with 0.60.
MIN_DETECTED: Final = 0.65
MIN_VEHICLE: Final = 0.6  # parked cars behind people had 0.61 to 0.63, and nothing else more than 0.45
VEHICLES: Final = frozenset({"car", "bus", "truck", "train", "motorcycle"})
# Not seen without the classifier's support: what stands out against blue was an airplane with up to 0.81.
DOUBTFUL: Final = frozenset({"airplane"})
# From here on each supports the other. A white car seen from above is a phone with 0.55 and 0.36: less is noise.
MIN_SUPPORT: Final = 0.4
MAX_WORDS: Final = 6  # more is a list, not a description; no picture that was measured had more than 3
_ROUND: Final = 3

_GROUPS: Final = {
    word: np.array([number for first, last in rows for number in range(first, last + 1)])
    for word, rows in CLASSIFIED.items()
}


def name(things: NDArray[np.float32], kinds: NDArray[np.float32]) -> list[Label]:
    """The words for a picture, the surest first.

    Args:
        things: float32 (80,), of `ThingFinder.find`.
        kinds: float32 (1000,), of `PictureClassifier.classify`.

    Raises:
        ValueError: another shape.
    """
    if things.shape != (len(DETECTED),) or kinds.shape != (1000,):
        raise ValueError(f"things and kinds must have the shapes (80,) and (1000,), not {things.shape}, {kinds.shape}")
    detected: dict[str, float] = {}
    for word, confidence in zip(DETECTED, things.tolist(), strict=True):
        detected[word] = max(confidence, detected.get(word, 0.0))
    classified = {word: float(kinds[group].sum()) for word, group in _GROUPS.items()}
    labels = []
    for word in detected.keys() | classified.keys():
        one, other = detected.get(word, 0.0), classified.get(word, 0.0)
        if word in DOUBTFUL and other < MIN_SUPPORT:
            continue
        confidence = 1 - (1 - one) * (1 - other) if min(one, other) >= MIN_SUPPORT else max(one, other)
        seen = one >= (MIN_VEHICLE if word in VEHICLES else MIN_DETECTED)
        if seen or confidence >= MIN_CONFIDENCE:
            labels.append(Label(word, round(min(1.0, confidence), _ROUND)))
    return sorted(labels, key=lambda label: (-label.confidence, label.name))[:MAX_WORDS]


__all__ = ["MAX_WORDS", "name"]
