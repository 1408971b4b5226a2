"""What analyses pictures: the interface that the local models and later services share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from processors.domain import FrameAnalysis, FrameRef


@dataclass(frozen=True, slots=True)
class LoadedFrame:
    """A selected frame with its content."""

    ref: FrameRef
    jpeg: bytes
    image: NDArray[np.uint8]  # (height, width, 3), BGR


@dataclass(frozen=True, slots=True)
class Answer:
    """What a backend says of some frames, in their order, and what it cost."""

    frames: list[FrameAnalysis]
    cost_usd: float


class VisionBackend(Protocol):
    """Analyses frames. Equal frames get equal analyses, whatever they are asked with."""

    def analyse(self, frames: Sequence[LoadedFrame]) -> Answer:
        """Analyse frames.

        Raises:
            Retryable: another try may succeed.
        """
        ...
