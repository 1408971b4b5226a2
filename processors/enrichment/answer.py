"""What a vision model answered about moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import Field, field_validator

from processors.domain import Label
from processors.enrichment.prompt import MAX_LABELS
from processors.segments.words import clean_text
from processors.vision.hosted_reading import Entry, Form, Named, Understood, labels_of, read_entries, says_something

_DESCRIPTION: Final = 600  # characters beyond which it is cut: twice what is asked for


class _Entry(Entry):
    description: str
    labels: list[Named]
    confidence: float = Field(ge=0.0, le=1.0)

    _said = field_validator("description")(says_something)


@dataclass(frozen=True, slots=True)
class Grasped:
    """A valid entry.

    Attributes:
        description: what the moment is about, a sentence or two.
        labels: its subjects, the surest first, each once.
        confidence: 0..1.
    """

    description: str
    labels: list[Label]
    confidence: float


def understood(body: bytes, count: int) -> Understood[Grasped]:
    """Read an answer.

    Args:
        body: JSON of a chat completion.
        count: moments that were asked for, numbered from 1.

    Raises:
        ValueError: nothing of it can be used. The text is for users and has nothing of the answer in it.
    """
    return read_entries(body, count, _FORM)


def _grasped(entry: _Entry) -> Grasped:
    return Grasped(
        description=clean_text(entry.description)[:_DESCRIPTION],
        labels=labels_of(entry.labels[:MAX_LABELS]),
        confidence=round(entry.confidence, 3),
    )


_FORM: Final = Form("moments", _Entry, _grasped)

__all__ = ["Grasped", "understood"]
