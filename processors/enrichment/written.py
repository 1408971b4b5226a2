"""What a language model wrote about segments. By itself, so that whoever publishes it needs no client of a service."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PlatformText:
    """What stands beside a segment on one platform, within its limits."""

    title: str
    description: str
    hashtags: list[str]


@dataclass(frozen=True, slots=True)
class Copy:
    """What was written about one segment, checked and cut.

    Attributes:
        rating: how well it works as a clip on its own, 0..10.
        hook, payoff: words of the segment as they are said; empty where the model named none that are.
        intent: one of `copy_prompt.INTENTS`.
        title, description, hashtags: within the general limits.
        confidence: of the model in all of it, 0..1.
        platforms: texts by platform.
    """

    rating: float
    hook: str
    payoff: str
    intent: str
    title: str
    description: str
    hashtags: list[str]
    confidence: float
    platforms: dict[str, PlatformText] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it.

    Attributes:
        copies: by segment.
        source: "openai:" and the service's name of its model.
        prompt: version of what it was asked.
        notes: what users should know of segments without one.
        cost_usd: of the answers, those included that could not be used; of earlier tries of the same work as well.
        requests: that the service answered.
        alike: answers that were given for another moment with nearly the same words.
        fallback: why segments that should have one have none; such a result is not kept in the result cache.
    """

    copies: dict[str, Copy]
    source: str = ""
    prompt: str = ""
    notes: list[str] = field(default_factory=list)
    cost_usd: float = 0.0
    requests: int = 0
    alike: int = 0
    fallback: str | None = None


__all__ = ["Copy", "PlatformText", "Written"]
