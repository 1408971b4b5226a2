"""What clips may cost within a video's budget, and how many words of each are sent for it.

Decided from the budget and the number of clips alone, so alike by every worker and on every replay. A clip is charged
with the most that it could cost, sent alone. Where that is too much for all of them, each has fewer words, those that
`compress` keeps; below `LEAST_TOKENS` a clip can hardly be judged, and then only the best ones are sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from processors.enrichment.copy_prompt import tokens_of
from processors.segments.platforms import Rules
from processors.service.config import HostedText
from processors.service.cost import tokens_usd
from processors.vision.hosted_budget import beyond

# Of 1,816 minutes of meetings a third of the words of the topic are left with so many, two thirds with twice as many.
LEAST_TOKENS: Final = 100
_STEP: Final = 10


def ceiling_usd(hosted: HostedText, tokens: int, limits: Mapping[str, Rules]) -> float | None:
    """The most that a clip costs, sent alone with so many tokens of its words; None for a model of unknown price."""
    if hosted.usd_per_million is None:
        return None
    most = tokens_of(hosted.model, 1, tokens, limits)
    return tokens_usd(most.sent, most.answered, hosted.usd_per_million)


def share_usd(hosted: HostedText, budget_usd: float) -> float:
    """What all clips of a video may cost."""
    return round(budget_usd * hosted.budget_share, 6)


def tokens_within(hosted: HostedText, budget_usd: float, clips: int, limits: Mapping[str, Rules]) -> int:
    """Tokens of the words of each clip with which all of them are within the budget, or the least.

    Args:
        hosted: price, share, the most tokens of a clip.
        budget_usd: of the video; 0 for no limit.
        clips: number of them.
        limits: of the platforms.
    """
    if budget_usd == 0.0 or hosted.usd_per_million is None:
        return hosted.tokens
    tokens = hosted.tokens
    while tokens > LEAST_TOKENS and _all_usd(hosted, tokens, clips, limits) > share_usd(hosted, budget_usd):
        tokens = max(LEAST_TOKENS, tokens - _STEP)
    return tokens


def refused(hosted: HostedText, budget_usd: float, number: int, ceiling: float | None) -> str | None:
    """Why a clip may not be sent, or None.

    Args:
        hosted: the model and its share.
        budget_usd: of the video; 0 for no limit.
        number: of better clips.
        ceiling: the most that one costs; None for a model of unknown price.
    """
    if budget_usd == 0.0:
        return None
    return beyond(hosted, share_usd(hosted, budget_usd), number, ceiling, "CLIPSTREAM_TEXT_PRICES")


def _all_usd(hosted: HostedText, tokens: int, clips: int, limits: Mapping[str, Rules]) -> float:
    return round(clips * (ceiling_usd(hosted, tokens, limits) or 0.0), 6)


__all__ = ["LEAST_TOKENS", "ceiling_usd", "refused", "share_usd", "tokens_within"]
