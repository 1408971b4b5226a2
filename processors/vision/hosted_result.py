"""What the local models and a service say of a frame, put together; and what is known when only one of them could."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from processors.domain import FrameAnalysis
from processors.versions import PROMPT_VERSION
from processors.vision.hosted_answer import Seen
from processors.vision.words import GUESSED

T = TypeVar("T")

SOURCE: Final = "openai"  # before the model's name in results
_MAX_LABELS: Final = 16  # of a frame, the service's before those that were measured


@dataclass(frozen=True, slots=True)
class Given(Generic[T]):
    """What the service said of a frame, or of another thing that it was asked about.

    Attributes:
        seen: None when it declined.
        refusal: what it said then.
        tokens: its part of those of its request, >= 0.
        cost_usd: likewise.
        shared: whether it was said of a near-same picture, or to an earlier request; costs nothing then.
    """

    seen: T | None
    refusal: str | None
    tokens: int = 0
    cost_usd: float = 0.0
    shared: bool = False

    def again(self) -> Given[T]:
        """The same for another frame."""
        return replace(self, tokens=0, cost_usd=0.0, shared=True)


def merged(analysis: FrameAnalysis, given: Given[Seen] | None, reason: str | None, model: str) -> FrameAnalysis:
    """The analysis with what a service said.

    Args:
        analysis: by the local models: faces and measurements stay theirs, and the text where the service read none.
            What they say is in the picture gives way to what the service says.
        given: by the service; None when it was not asked, or gave no valid answer.
        reason: why not; None when it need not have been asked.
        model: the service's name for its model.
    """
    if given is None:
        return replace(analysis, reason=reason)
    noted = replace(analysis, prompt=PROMPT_VERSION, tokens=given.tokens, cost_usd=given.cost_usd, shared=given.shared)
    if given.seen is None:
        return replace(noted, reason=f"The service declined: {given.refusal}")
    known = {label.name for label in given.seen.labels} | GUESSED
    measured = [label for label in analysis.labels if label.name not in known]
    source = f"{SOURCE}:{model}"
    return replace(
        noted,
        labels=[*given.seen.labels, *measured][:_MAX_LABELS],
        text=given.seen.text or analysis.text,
        scene=given.seen.kind,
        source=source,
        model=f"{source}+{analysis.model}",
        description=given.seen.description,
        confidence=given.seen.confidence,
    )


__all__ = ["SOURCE", "Given", "merged"]
