"""What a second look comes to. By itself, so that whoever publishes it needs no picture library."""

from __future__ import annotations

from dataclasses import dataclass, field

from processors.domain import Insight


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a second look.

    Attributes:
        insights: by segment.
        notes: what users should know of segments without one.
        cost_usd: of the answers, those included that could not be used; of earlier tries of the same look as well.
        requests: that the service answered.
        fallback: why segments that should have one have none; such a look is not kept in the result cache.
    """

    insights: dict[str, Insight]
    notes: list[str] = field(default_factory=list)
    cost_usd: float = 0.0
    requests: int = 0
    fallback: str | None = None


__all__ = ["Looked"]
