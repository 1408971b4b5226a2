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
from processors.enrichment.platform_limits import DESCRIPTION_CHARS, HASHTAGS, TITLE_CHARS
from processors.enrichment.verbatim import quoted
from processors.enrichment.written import Copy, PlatformText
from processors.segments.finishing import texts_for
from processors.segments.platforms import Rules
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


def checked(draft: Draft, said: str, limits: Mapping[str, Rules]) -> Copy:
    """What is published of an entry.

    Args:
        draft: the entry.
        said: the words of the clip.
        limits: of the platforms.
    """
    title, description = _title(draft.title), shortened(draft.description, DESCRIPTION_CHARS)
    hashtags = _tags(draft.hashtags)
    return Copy(
        rating=draft.rating,
        hook=quoted(said, draft.hook, MOST_QUOTED),
        payoff=quoted(said, draft.payoff, MOST_QUOTED),
        intent=draft.intent,
        title=title,
        description=description,
        hashtags=hashtags,
        confidence=draft.confidence,
        platforms={
            name: _on_platform(draft.versions.get(name), title, description, hashtags, one)
            for name, one in limits.items()
        },
    )


def _on_platform(
    version: Version | None, title: str, description: str, hashtags: list[str], limits: Rules
) -> PlatformText:
    """The texts there: its own where they are given and fit whole, the general ones otherwise, cut."""
    most = limits.title_chars
    own = _title(version.title) if version is not None else ""
    if version is not None and own and most is not None and len(own) <= most:
        title, hashtags = own, _tags(version.hashtags) or hashtags
    return PlatformText(*texts_for(limits, title, description, hashtags))


def _title(text: str) -> str:
    """One line within the limit, without quotation marks around all of it."""
    bare = text.strip()
    if len(bare) > 1 and bare[0] in _QUOTES and bare[-1] in _QUOTES:
        bare = bare[1:-1].strip()
    return shortened(bare, TITLE_CHARS)


def _tags(tags: list[str]) -> list[str]:
    """Words that may stand behind "#": letters, digits and their marks, in small letters, each once."""
    kept: dict[str, None] = {}
    for tag in tags:
        word = "".join(one for one in _BREAKS.sub("", tag.casefold()) if _is_part(one))
        if word and not word.isdigit() and len(word) <= _TAG_CHARS:
            kept[word] = None
    return list(kept)[:HASHTAGS]


def _is_part(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character) in {"Mn", "Mc"}


__all__ = ["MOST_QUOTED", "checked", "wrong_with"]
