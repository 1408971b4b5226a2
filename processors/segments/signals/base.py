"""What a signal is: one thing that can be measured in a window of video and that speaks for showing it.

A signal gives a raw number per window, higher for more interesting, NaN where this window offers nothing to measure;
or None when the video lacks its modality. Ranking turns the numbers into percentiles inside the video, so a signal
need not know any scale. To add one: a file with a subclass, an entry in `signals/__init__.py`, tests of the same name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from processors.segments.material import Floats, Material, Windows

Group = Literal["speech", "audio", "vision", "structure"]


@dataclass(frozen=True, slots=True)
class Measured:
    """The measurement of one signal over many windows.

    Args:
        raw: one number per window, NaN where it cannot be measured.
        detail: what was found in window `index`, in a few words for people; called for chosen windows only.
    """

    raw: Floats
    detail: Callable[[int], str]


class Signal(ABC):
    """One signal.

    Attributes:
        name: as in reasons and preferences.
        group: its modality; preferences may name it to mean all its signals.
        weight: share in the score by judgement, from which learning starts (`processors.segments.learned` has what came
            of it); the reason stands in the signal's file.
        in_curve: whether it also makes sense for any few seconds (then it is part of the interest curve).
    """

    name: str
    group: Group
    weight: float
    in_curve: bool = True

    @abstractmethod
    def measure(self, material: Material, windows: Windows) -> Measured | None:
        """Measure all windows; None when the video has nothing that this signal reads."""


def plural(count: int, noun: str) -> str:
    """`1 cut`, `3 cuts`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def quoted(texts: list[str]) -> str:
    """Texts in typographic quotes with commas between."""
    return ", ".join(f"“{text}”" for text in texts)


__all__ = ["Group", "Measured", "Signal", "plural", "quoted"]
