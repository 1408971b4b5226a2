"""How long the texts beside a clip may be on each platform: what is asked for, and to what answers are cut.

The one place where the words of the enricher meet the rules of platforms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the texts on one platform.

    Attributes:
        title_chars: of a title.
        description_chars: of a description.
        hashtags: number of them.
    """

    title_chars: int
    description_chars: int
    hashtags: int


# What a result itself has, whatever the platforms take: a title that no player cuts, two sentences, the tags that help.
GENERAL: Final = Limits(title_chars=80, description_chars=300, hashtags=8)
# TikTok and Reels have a caption instead of a title and a description; a title is what of it is seen before "more".
LIMITS: Final[dict[str, Limits]] = {
    "tiktok": Limits(title_chars=150, description_chars=4_000, hashtags=5),
    "shorts": Limits(title_chars=100, description_chars=5_000, hashtags=15),
    "reels": Limits(title_chars=55, description_chars=2_200, hashtags=5),
}


def limits_of(platforms: Iterable[str]) -> dict[str, Limits]:
    """The limits of those that are known, in their order; of all where none is named."""
    named = list(platforms)
    return {name: LIMITS[name] for name in named if name in LIMITS} if named else dict(LIMITS)


__all__ = ["GENERAL", "LIMITS", "Limits", "limits_of"]
