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
    """What a backend says of some frames, in their order, and what it cost.

    Attributes:
        frames: one for each.
        cost_usd: of a service that was asked.
        requests: that it answered.
        fallback: why the local models did some of them although a service was to.
    """

    frames: list[FrameAnalysis]
    cost_usd: float
    requests: int = 0
    fallback: str | None = None


class VisionBackend(Protocol):
    """Analyses frames. Equal frames get equal analyses, whatever they are asked with."""

    def analyse(self, frames: Sequence[LoadedFrame]) -> Answer:
        """Analyse frames.

        Raises:
            Retryable: another try may succeed.
        """
        ...
