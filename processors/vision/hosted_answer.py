"""What a vision model answered: validated entry by entry, so that what is right is kept beside what is not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal

import pydantic_core
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from processors.domain import Label
from processors.segments.words import clean_text
from processors.vision.hosted_prompt import MAX_LABELS

# Lengths beyond which a text is cut: twice what is asked for.
_DESCRIPTION: Final = 400
_NAME: Final = 60
_LINE: Final = 200
_LINES: Final = 16
_REFUSAL: Final = 200
_SURE: Final = 0.5  # labels with less confidence are left out, as those of the local models are
_MAX_ENTRIES: Final = 200
_LANGUAGE: Final = re.compile(r"^\s*json", re.IGNORECASE)  # behind the marks that open a block of code
Kind = Literal["title", "black", "people", "text", "graphic", "other"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class _Label(_Strict):
    name: str = Field(min_length=1)
    confidence: float = Field(ge=0.0, le=1.0)


class _Entry(_Strict):
    number: int
    description: str
    kind: Kind
    labels: list[_Label]
    text: list[str]
    confidence: float = Field(ge=0.0, le=1.0)

    @field_validator("description")
    @classmethod
    def _says_something(cls, value: str) -> str:
        if not clean_text(value):
            raise ValueError("empty")
        return value


class _Message(_Strict):
    content: str | None = None
    refusal: str | None = None


class _Choice(_Strict):
    message: _Message
    finish_reason: str | None = None


class Usage(_Strict):
    """Tokens that a service says it charges."""

    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)


class _Completion(_Strict):
    choices: list[_Choice] = Field(min_length=1)
    usage: Any = None


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


@dataclass(frozen=True, slots=True)
class Understood:
    """An answer.

    Attributes:
        seen: by number of the picture; those that are missing or wrong are not there.
        refusal: what the model said instead, when it declined.
        wrong: what is wrong with the others; empty when all are there.
    """

    seen: dict[int, Seen]
    refusal: str | None
    wrong: str


def usage_of(body: bytes) -> Usage | None:
    """What the service charges; None when that cannot be read."""
    try:
        return Usage.model_validate(_Completion.model_validate_json(body).usage)
    except ValidationError:
        return None


def understood(body: bytes, count: int) -> Understood:
    """Read an answer.

    Args:
        body: JSON of a chat completion.
        count: pictures that were asked for, numbered from 1.

    Raises:
        ValueError: nothing of it can be used. The text is for users and has nothing of the answer in it.
    """
    try:
        choice = _Completion.model_validate_json(body).choices[0]
    except ValidationError as error:
        raise ValueError(_where(error)) from None
    if choice.message.refusal or choice.finish_reason == "content_filter":
        said = clean_text(choice.message.refusal or "its content filter stopped the answer")
        return Understood({}, said[:_REFUSAL], "")
    valid: list[_Entry] = []
    wrong = ""
    for entry in _entries(choice.message.content or "")[:_MAX_ENTRIES]:
        try:
            valid.append(_Entry.model_validate(entry))
        except ValidationError as error:
            wrong = wrong or _where(error)
    numbers = {entry.number for entry in valid}
    # a model that counts from 0 would give each picture the words of the one after it
    first = 0 if 0 in numbers and count not in numbers else 1
    seen: dict[int, Seen] = {}
    for entry in valid:
        number = entry.number + 1 - first
        if 1 <= number <= count:  # of two for one picture, the first
            seen.setdefault(number, _seen(entry))
    if not seen:
        raise ValueError(wrong or f"no entry for any of {count} pictures")
    if len(seen) < count:
        short = f"{len(seen)} of {count} pictures were answered"
        return Understood(seen, None, f"{short}; {wrong}" if wrong else short)
    return Understood(seen, None, "")


def _entries(content: str) -> list[Any]:
    """The list of entries, of an answer that was cut off the part that is there."""
    text = content.strip()
    if text.startswith("```"):  # some services put JSON in a block of code, asked or not
        text = _LANGUAGE.sub("", text.strip("`"))
    try:
        parsed = pydantic_core.from_json(text, allow_partial=True)
    except ValueError:
        raise ValueError("its content is no JSON") from None
    entries = parsed.get("pictures") if isinstance(parsed, dict) else parsed
    if not isinstance(entries, list):
        raise ValueError("its content has no list of pictures")
    return entries


def _seen(entry: _Entry) -> Seen:
    labels: dict[str, float] = {}
    for label in entry.labels[:MAX_LABELS]:
        name = clean_text(label.name.lower())[:_NAME]
        if name and label.confidence >= _SURE:
            labels[name] = max(labels.get(name, 0.0), round(label.confidence, 3))
    lines = [clean_text(line)[:_LINE] for line in entry.text[:_LINES]]
    return Seen(
        description=clean_text(entry.description)[:_DESCRIPTION],
        kind=entry.kind,
        labels=[Label(name, sure) for name, sure in sorted(labels.items(), key=lambda item: (-item[1], item[0]))],
        text=[line for line in lines if line],
        confidence=round(entry.confidence, 3),
    )


def _where(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"] if not isinstance(part, int))
    return f"{where or 'the body'} is not as it should be ({first['type']})"


__all__ = ["Seen", "Understood", "Usage", "understood", "usage_of"]
