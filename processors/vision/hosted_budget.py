"""Which frames may be sent within a video's budget, decided alike by every worker and on every replay.

Nobody keeps an account: a frame is charged with the most that it could cost, and the frame extractor says how many
frames come before it. So the frames up to a number cost at most that number of ceilings, whatever became of each, and a
frame is sent when that is within the budget. A request is repaired out of what it left of its own part. What is spent
is less than the budget, by what pictures and answers stay below the ceiling.

The second look at the best moments has a share of its own, kept back from the first frame on: it is not known then what
the first look will leave, and a replay must not decide otherwise because it left more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from processors.service.config import HostedVision, Paid
from processors.service.cost import tokens_usd
from processors.vision.hosted_images import rule_of
from processors.vision.hosted_prompt import BYTES_PER_TOKEN, FIXED_TOKENS, FRAME_BYTES, reasons

# Tokens of an answer: an entry has 60 to 150, one that transcribes a slide 250. They share what they do not need.
ANSWER_PER_FRAME: Final = 220
ANSWER_FIXED: Final = 80
_REASONING: Final = 3_000  # of models that think before they answer, a request


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of a request: sent at most, and answered at most."""

    sent: int
    answered: int

    @property
    def total(self) -> int:
        """Both."""
        return self.sent + self.answered


def tokens_of(model: str, picture_tokens: int, frames: int) -> Tokens:
    """The most tokens of a request.

    Args:
        model: its name.
        picture_tokens: of all its pictures.
        frames: number of them, >= 1.
    """
    text = FIXED_TOKENS + frames * FRAME_BYTES // BYTES_PER_TOKEN
    return Tokens(text + picture_tokens, answered_at_most(model, frames))


def answered_at_most(model: str, entries: int) -> int:
    """The most tokens of an answer with so many entries."""
    return ANSWER_FIXED + ANSWER_PER_FRAME * entries + (_REASONING if reasons(model) else 0)


def ceiling_usd(hosted: HostedVision) -> float | None:
    """The most that a frame costs, sent alone in high detail; None for a model of unknown price."""
    if hosted.usd_per_million is None:
        return None
    most = tokens_of(hosted.model, rule_of(hosted.model).most("high"), 1)
    return tokens_usd(most.sent, most.answered, hosted.usd_per_million)


def refused(hosted: HostedVision, budget_usd: float, number: int | None) -> str | None:
    """Why a frame may not be sent, or None.

    Args:
        hosted: price, limits.
        budget_usd: of the video; 0 for no limit.
        number: frames of the video before it; None when that is not known.
    """
    if budget_usd == 0.0 and hosted.max_frames == 0:
        return None
    if number is None:
        return "How many frames come before it is not known, so the budget cannot be kept."
    if hosted.max_frames and number >= hosted.max_frames:
        return f"The limit of {hosted.max_frames} frames a video is reached: CLIPSTREAM_VISION_MAX_FRAMES."
    return beyond(hosted, first_share_usd(hosted, budget_usd), number, ceiling_usd(hosted)) if budget_usd else None


def beyond(
    hosted: Paid, share_usd: float, number: int, ceiling: float | None, prices: str = "CLIPSTREAM_VISION_PRICES"
) -> str | None:
    """Why a thing is beyond its share of a budget, or None.

    Args:
        hosted: the model, for its name.
        share_usd: what all things of its kind may cost.
        number: of those before it.
        ceiling: the most that one costs; None for a model of unknown price.
        prices: the setting that would say it.
    """
    if ceiling is None:
        return f"The price of '{hosted.model}' is not known, so the budget cannot be kept: {prices}."
    if round((number + 1) * ceiling, 6) > share_usd:
        return (
            f"The budget leaves {share_usd:g} USD for these, too little for one more at {ceiling:.2g} USD each at most."
        )
    return None


def first_share_usd(hosted: HostedVision, budget_usd: float) -> float:
    """What the first look at a video's frames may cost, of its budget."""
    return round(budget_usd * hosted.budget_share * (1.0 - hosted.second_share), 6)


def second_share_usd(hosted: HostedVision, budget_usd: float) -> float:
    """What the second look at its best moments may cost."""
    return round(budget_usd * hosted.budget_share * hosted.second_share, 6)


__all__ = [
    "Tokens",
    "answered_at_most",
    "beyond",
    "ceiling_usd",
    "first_share_usd",
    "refused",
    "second_share_usd",
    "tokens_of",
]
