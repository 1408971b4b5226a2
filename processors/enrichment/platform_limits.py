"""How long the texts beside a clip may be: what is asked of the language model, and to what its answers are cut.

The one place where the words of the enricher meet the rules of platforms; texts are cut by
`processors.segments.finishing.texts_for`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from processors.segments.platforms import RULES, Platforms, Rules

# What a result itself has, whatever the platforms take: a title that no player cuts, two sentences, the tags that help.
TITLE_CHARS: Final = 80
DESCRIPTION_CHARS: Final = 280
HASHTAGS: Final = 8


def limits_of(platforms: Iterable[str], own: Platforms | None = None) -> dict[str, Rules]:
    """The rules of those that are known, in their order; of all where none is named.

    Args:
        platforms: named by the request.
        own: platforms of one's own, beside those that come with clipstream.
    """
    known = {**RULES, **(own or {})}
    return {name: known[name] for name in (list(platforms) or known) if name in known}


def is_tighter(limits: Rules) -> bool:
    """Whether the general title does not fit there, so that one of its own is asked for.

    Hashtags are no reason: the most telling ones come first, so fewer of them are the first ones.
    """
    return limits.title_chars is not None and limits.title_chars < TITLE_CHARS


__all__ = ["DESCRIPTION_CHARS", "HASHTAGS", "TITLE_CHARS", "is_tighter", "limits_of"]
