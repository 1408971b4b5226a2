"""How long the texts beside a clip may be on each platform: what is asked for, and to what answers are cut.

The one place where the words of the enricher meet the rules of platforms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from processors.segments.platforms import RULES, Platforms, Rules
from processors.segments.words import shortened

# Room below which the beginning of a description says nothing.
_LEAST_BODY: Final = 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the texts on one platform.

    Attributes:
        title_chars: of a title; None where there is none of its own, and the description opens with it.
        description_chars: of a description with its hashtags.
        hashtags: number of them that serve.
    """

    title_chars: int | None
    description_chars: int
    hashtags: int

    @classmethod
    def of(cls, rules: Rules) -> Limits:
        """Of the rules of a platform."""
        return cls(rules.title_chars, rules.description_chars, rules.hashtags.recommended)


# What a result itself has, whatever the platforms take: a title that no player cuts, two sentences, the tags that help.
TITLE_CHARS: Final = 80
DESCRIPTION_CHARS: Final = 280
HASHTAGS: Final = 8


def limits_of(platforms: Iterable[str], own: Platforms | None = None) -> dict[str, Limits]:
    """The limits of those that are known, in their order; of all where none is named.

    Args:
        platforms: named by the request.
        own: platforms of one's own, beside those that come with clipstream.
    """
    known = {**RULES, **(own or {})}
    return {name: Limits.of(known[name]) for name in (list(platforms) or known) if name in known}


def is_tighter(limits: Limits) -> bool:
    """Whether the general title does not fit there, so that one of its own is asked for.

    Hashtags are no reason: the most telling ones come first, so fewer of them are the first ones.
    """
    return limits.title_chars is not None and limits.title_chars < TITLE_CHARS


def texts_for(limits: Limits, title: str, description: str, hashtags: Sequence[str]) -> tuple[str, str, list[str]]:
    """Title, description and hashtags as a platform takes them.

    Where it has no title of its own the title opens the description and the title is empty; hashtags share the
    description's room, so as many as fit beside the title stay.
    """
    own_title = "" if limits.title_chars is None else shortened(title, limits.title_chars)
    opening = title if limits.title_chars is None else ""
    tags: list[str] = []
    for tag in hashtags[: limits.hashtags]:
        if len(opening) + _taken([*tags, tag]) <= limits.description_chars:
            tags.append(tag)
    opening = shortened(opening, limits.description_chars - _taken(tags))
    room = limits.description_chars - _taken(tags) - (len(opening) + 1 if opening else 0)
    body = shortened(description, room) if room >= _LEAST_BODY else ""
    return own_title, "\n".join(part for part in (opening, body) if part), tags


def _taken(tags: Sequence[str]) -> int:
    """Characters that hashtags take behind a description, with their blanks."""
    return sum(len(tag) + 2 for tag in tags)


__all__ = [
    "DESCRIPTION_CHARS",
    "HASHTAGS",
    "TITLE_CHARS",
    "Limits",
    "is_tighter",
    "limits_of",
    "texts_for",
]
