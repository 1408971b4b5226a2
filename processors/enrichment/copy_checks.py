"""From what a model answered to what is published: held against what was said, and cut to the limits.

::

    hook, payoff    not in the clip's words, word for word    left out
    title, description, hashtags: an address or a figure that nobody names    the whole entry is wrong
    longer than the limit    cut at a word, with an ellipsis; what the prompt says of lengths is never relied on
    a platform's own title is missing, wrong or too long    the general one, cut
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from processors.enrichment.copy_answer import Draft, Version
from processors.enrichment.grounded import foreign
from processors.enrichment.platform_limits import GENERAL, Limits
from processors.enrichment.verbatim import quoted
from processors.enrichment.written import Copy, PlatformText
from processors.segments.words import shortened

MOST_QUOTED: Final = 200  # characters; twenty words have some 120
_TAG_CHARS: Final = 40
_QUOTES: Final = "\"'“”„«»‘’"
_BREAKS: Final = re.compile(r"[\s_-]+")


def wrong_with(draft: Draft, shown: str) -> str | None:
    """Why an entry cannot be used for a clip, for people; None when it can.

    Args:
        draft: the entry.
        shown: all that the model was shown of the clip and its video.
    """
    texts = [draft.title, draft.description, *draft.hashtags]
    for version in draft.versions.values():
        texts += [version.title, *version.hashtags]
    return next((why for text in texts if (why := foreign(text, shown)) is not None), None)


def checked(draft: Draft, said: str, limits: Mapping[str, Limits]) -> Copy:
    """What is published of an entry.

    Args:
        draft: the entry.
        said: the words of the clip.
        limits: of the platforms.
    """
    general = Version(draft.title, draft.hashtags)
    return Copy(
        rating=draft.rating,
        hook=quoted(said, draft.hook, MOST_QUOTED),
        payoff=quoted(said, draft.payoff, MOST_QUOTED),
        intent=draft.intent,
        title=_title(draft.title, GENERAL),
        description=shortened(draft.description, GENERAL.description_chars),
        hashtags=_tags(draft.hashtags, GENERAL),
        confidence=draft.confidence,
        platforms={
            name: _on_platform(draft.versions.get(name, general), general, draft.description, one)
            for name, one in limits.items()
        },
    )


def _on_platform(version: Version, general: Version, description: str, limits: Limits) -> PlatformText:
    title = _title(version.title, limits)
    if not title or len(version.title) > limits.title_chars >= len(general.title):
        title = _title(general.title, limits)  # the general one fits whole, the platform's own one does not
    return PlatformText(
        title=title,
        description=shortened(description, min(GENERAL.description_chars, limits.description_chars)),
        hashtags=_tags(version.hashtags or general.hashtags, limits),
    )


def _title(text: str, limits: Limits) -> str:
    """One line within the limit, without quotation marks around all of it."""
    bare = text.strip()
    if len(bare) > 1 and bare[0] in _QUOTES and bare[-1] in _QUOTES:
        bare = bare[1:-1].strip()
    return shortened(bare, limits.title_chars)


def _tags(tags: list[str], limits: Limits) -> list[str]:
    """Words that may stand behind "#": letters, digits and their marks, in small letters, each once."""
    kept: dict[str, None] = {}
    for tag in tags:
        word = "".join(one for one in _BREAKS.sub("", tag.casefold()) if _is_part(one))
        if word and not word.isdigit() and len(word) <= _TAG_CHARS:
            kept[word] = None
    return list(kept)[: limits.hashtags]


def _is_part(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character) in {"Mn", "Mc"}


__all__ = ["MOST_QUOTED", "checked", "wrong_with"]
