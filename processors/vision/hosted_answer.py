"""What a vision model answered about pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import Field, field_validator

from processors.domain import Label
from processors.segments.words import clean_text
from processors.vision.hosted_prompt import MAX_LABELS
from processors.vision.hosted_reading import Entry, Form, Named, Understood, labels_of, read_entries, says_something

# Lengths beyond which a text is cut: twice what is asked for.
_DESCRIPTION: Final = 400
_LINE: Final = 200
_LINES: Final = 16
Kind = Literal["title", "black", "people", "text", "graphic", "other"]


class _Entry(Entry):
    description: str
    kind: Kind
    labels: list[Named]
    text: list[str]
    confidence: float = Field(ge=0.0, le=1.0)

    _said = field_validator("description")(says_something)


@dataclass(frozen=True, slots=True)
class Seen:
    """A valid entry.

    Attributes:
        description: one sentence.
        kind: of `hosted_prompt.KINDS`.
        labels: the surest first, each once.
        text: lines on screen.
        confidence: 0..1.
    """

    description: str
    kind: str
    labels: list[Label]
    text: list[str]
    confidence: float


def understood(body: bytes, count: int) -> Understood[Seen]:
    """Read an answer.

    Args:
        body: JSON of a chat completion.
        count: pictures that were asked for, numbered from 1.

    Raises:
        ValueError: nothing of it can be used. The text is for users and has nothing of the answer in it.
    """
    return read_entries(body, count, _FORM)


def _seen(entry: _Entry) -> Seen:
    lines = [clean_text(line)[:_LINE] for line in entry.text[:_LINES]]
    return Seen(
        description=clean_text(entry.description)[:_DESCRIPTION],
        kind=entry.kind,
        labels=labels_of(entry.labels[:MAX_LABELS]),
        text=[line for line in lines if line],
        confidence=round(entry.confidence, 3),
    )


_FORM: Final = Form("pictures", _Entry, _seen)

__all__ = ["Seen", "understood"]
