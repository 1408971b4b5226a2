"""What a language model answered about clips, entry by entry, before it is held against what was said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pydantic import Field, field_validator

from processors.enrichment.copy_prompt import INTENTS
from processors.segments.words import clean_text
from processors.vision.hosted_reading import Entry, Form, Strict, Understood, read_entries, says_something

# Characters beyond which texts are cut when they are read; what a result may have is less.
_TITLE: Final = 300
_DESCRIPTION: Final = 2_000
_QUOTATION: Final = 600
_TAGS: Final = 40
_TAG: Final = 100
_VERSIONS: Final = 40


class _Version(Strict):
    name: str
    title: str
    hashtags: list[str]


class _Entry(Entry):
    rating: float = Field(ge=0.0, le=10.0)
    hook: str = ""
    payoff: str = ""
    intent: str = ""
    title: str
    description: str
    hashtags: list[str]
    confidence: float = Field(ge=0.0, le=1.0)
    platforms: list[_Version] = Field(default_factory=list)

    _title = field_validator("title")(says_something)
    _said = field_validator("description")(says_something)


@dataclass(frozen=True, slots=True)
class Version:
    """Title and hashtags for one platform."""

    title: str
    hashtags: list[str]


@dataclass(frozen=True, slots=True)
class Draft:
    """A valid entry, as it is kept: nothing of it has been held against what was said.

    Attributes:
        rating: 0..10.
        hook, payoff: what the model says is said.
        intent: one of `INTENTS`.
        title, description, hashtags: of any length.
        confidence: 0..1.
        versions: by platform.
    """

    rating: float
    hook: str
    payoff: str
    intent: str
    title: str
    description: str
    hashtags: list[str]
    confidence: float
    versions: dict[str, Version] = field(default_factory=dict)


def understood(body: bytes, count: int) -> Understood[Draft]:
    """Read an answer.

    Args:
        body: JSON of a chat completion.
        count: clips that were asked for, numbered from 1.

    Raises:
        ValueError: nothing of it can be used. The text is for users and has nothing of the answer in it.
    """
    return read_entries(body, count, _FORM)


def _draft(entry: _Entry) -> Draft:
    return Draft(
        rating=round(entry.rating, 2),
        hook=clean_text(entry.hook)[:_QUOTATION],
        payoff=clean_text(entry.payoff)[:_QUOTATION],
        intent=entry.intent if entry.intent in INTENTS else INTENTS[-1],
        title=clean_text(entry.title)[:_TITLE],
        description=clean_text(entry.description)[:_DESCRIPTION],
        hashtags=_tags(entry.hashtags),
        confidence=round(entry.confidence, 3),
        versions={
            clean_text(one.name): Version(clean_text(one.title)[:_TITLE], _tags(one.hashtags))
            for one in reversed(entry.platforms[:_VERSIONS])  # of two for one platform, the first
        },
    )


def _tags(tags: list[str]) -> list[str]:
    return [clean_text(tag)[:_TAG] for tag in tags[:_TAGS]]


_FORM: Final = Form("clips", _Entry, _draft)

__all__ = ["Draft", "Version", "understood"]
