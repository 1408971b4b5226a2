"""Which frames may be sent within a video's budget, decided alike by every worker and on every replay.

Nobody keeps an account: a frame is charged with the most that it could cost, and the frame extractor says how many
frames come before it. So the frames up to a number cost at most that number of ceilings, whatever became of each, and a
frame is sent when that is within the budget. A request is repaired out of what it left of its own part. What is spent
is less than the budget, by what pictures and answers stay below the ceiling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from processors.service.config import HostedVision
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
    thought = _REASONING if reasons(model) else 0
    return Tokens(text + picture_tokens, ANSWER_FIXED + ANSWER_PER_FRAME * frames + thought)


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
    if budget_usd == 0.0:
        return None
    ceiling = ceiling_usd(hosted)
    if ceiling is None:
        return f"The price of '{hosted.model}' is not known, so the budget cannot be kept: CLIPSTREAM_VISION_PRICES."
    share_usd = budget_usd * hosted.budget_share
    if round((number + 1) * ceiling, 6) > share_usd:
        return f"The budget of {share_usd:g} USD is spent."
    return None


__all__ = ["Tokens", "ceiling_usd", "refused", "tokens_of"]
