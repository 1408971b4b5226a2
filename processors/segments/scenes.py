"""What is seen in a shot, of all its frames: one description, labels, the text on screen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from processors.domain import FrameAnalysis, Label, Scene, Shot
from processors.vision.words import MEASURED

# Two sentences that share this part of their words say the same: "a man at a desk" and "a man sits at a desk".
_SAME_WORDS: Final = 0.6
_MAX_SENTENCES: Final = 3
_MAX_LABELS: Final = 12
_MAX_LINES: Final = 24
_NAMED: Final = 4  # labels that stand for a description where no service gave one


def scenes_of(shots: Sequence[Shot], frames: Sequence[FrameAnalysis]) -> list[Scene]:
    """Merge the frames of each shot.

    Args:
        shots: of the video, numbered from 0 in the order of time.
        frames: in the order of time, with the numbers of these shots.

    Returns:
        One for each shot that has frames, in the order of time.
    """
    found = []
    for number, group in groupby(frames, key=lambda frame: frame.shot):
        if not 0 <= number < len(shots):  # frames whose shots are lost
            continue
        seen, shot = list(group), shots[number]
        found.append(
            Scene(
                shot=number,
                start_ms=shot.start_ms,
                end_ms=shot.end_ms,
                description=_description(seen),
                labels=_labels(seen),
                text=list(dict.fromkeys(line for frame in seen for line in frame.text))[:_MAX_LINES],
                sources=sorted({frame.source for frame in seen}),
            )
        )
    return found


def _description(frames: Sequence[FrameAnalysis]) -> str:
    """The sentences of its frames that say different things, in order; else what was measured, in words."""
    kept: list[tuple[str, set[str]]] = []
    for frame in frames:
        words = set(frame.description.lower().replace(",", " ").rstrip(".").split())
        if words and all(len(words & other) < _SAME_WORDS * len(words | other) for _, other in kept):
            kept.append((frame.description, words))
    if kept:
        return " ".join(sentence for sentence, _ in kept[:_MAX_SENTENCES])
    scenes = dict.fromkeys(frame.scene for frame in frames if frame.scene != "other")
    found = sorted(_labels(frames), key=lambda label: label.name in MEASURED)  # what is in it before how it looks
    said = set(scenes) | ({"person"} if "people" in scenes else set())
    names = dict.fromkeys(label.name for label in found if label.name not in said)
    return ", ".join([*scenes, *list(names)[:_NAMED]])


def _labels(frames: Sequence[FrameAnalysis]) -> list[Label]:
    best: dict[str, float] = {}
    for label in (label for frame in frames for label in frame.labels):
        best[label.name] = max(best.get(label.name, 0.0), label.confidence)
    return [Label(name, sure) for name, sure in sorted(best.items(), key=lambda one: (-one[1], one[0]))][:_MAX_LABELS]


__all__ = ["scenes_of"]
