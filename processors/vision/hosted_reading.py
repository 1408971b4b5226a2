"""A chat completion as a service sends it: its list of entries, each validated by itself, and what it charges.

What is right is kept beside what is not. What an entry is says whoever asked: pictures in `hosted_answer`, moments in
`processors.enrichment.answer`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import pydantic_core
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from processors.domain import Label
from processors.segments.words import clean_text

T = TypeVar("T")
E = TypeVar("E", bound="Entry")

_NAME: Final = 60  # characters of the name of a label that are kept
_REFUSAL: Final = 200
_SURE: Final = 0.5  # labels with less confidence are left out, as those of the local models are
_MAX_ENTRIES: Final = 200
_LANGUAGE: Final = re.compile(r"^\s*json", re.IGNORECASE)  # behind the marks that open a block of code


class Strict(BaseModel):
    """A part of an answer: numbers are finite, what was not asked for is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class Named(Strict):
    """A label as answered."""

    name: str = Field(min_length=1)
    confidence: float = Field(ge=0.0, le=1.0)


class Entry(Strict):
    """What every entry has: the number of what it is about, from 1."""

    number: int


class Usage(Strict):
    """Tokens that a service says it charges."""

    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)


class _Message(Strict):
    content: str | None = None
    refusal: str | None = None


class _Choice(Strict):
    message: _Message
    finish_reason: str | None = None


class _Completion(Strict):
    choices: list[_Choice] = Field(min_length=1)
    usage: Any = None


@dataclass(frozen=True, slots=True)
class Understood(Generic[T]):
    """An answer.

    Attributes:
        seen: by number; those that are missing or wrong are not there.
        refusal: what the model said instead, when it declined.
        wrong: what is wrong with the others; empty when all are there.
    """

    seen: dict[int, T]
    refusal: str | None
    wrong: str


@dataclass(frozen=True, slots=True)
class Form(Generic[E, T]):
    """What the entries of an answer are.

    Attributes:
        name: of their list.
        entry: each of them as answered.
        made: each of them as kept.
    """

    name: str
    entry: type[E]
    made: Callable[[E], T]


def usage_of(body: bytes) -> Usage | None:
    """What the service charges; None when that cannot be read."""
    try:
        return Usage.model_validate(_Completion.model_validate_json(body).usage)
    except ValidationError:
        return None


def read_entries(body: bytes, count: int, form: Form[E, T]) -> Understood[T]:
    """Read an answer.

    Args:
        body: JSON of a chat completion.
        count: entries that were asked for, numbered from 1.
        form: of them.

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
    valid: list[E] = []
    wrong = ""
    for entry in _entries(choice.message.content or "", form.name)[:_MAX_ENTRIES]:
        try:
            valid.append(form.entry.model_validate(entry))
        except ValidationError as error:
            wrong = wrong or _where(error)
    numbers = {entry.number for entry in valid}
    # a model that counts from 0 would give each the words of the one after it
    first = 0 if 0 in numbers and count not in numbers else 1
    seen: dict[int, T] = {}
    for entry in valid:
        number = entry.number + 1 - first
        if 1 <= number <= count:  # of two for one number, the first
            seen.setdefault(number, form.made(entry))
    if not seen:
        raise ValueError(wrong or f"no entry for any of {count} {form.name}")
    if len(seen) < count:
        short = f"{len(seen)} of {count} {form.name} were answered"
        return Understood(seen, None, f"{short}; {wrong}" if wrong else short)
    return Understood(seen, None, "")


def labels_of(named: Sequence[Named]) -> list[Label]:
    """Labels as kept: in small letters, the surest first, each once."""
    labels: dict[str, float] = {}
    for label in named:
        name = clean_text(label.name.lower())[:_NAME]
        if name and label.confidence >= _SURE:
            labels[name] = max(labels.get(name, 0.0), round(label.confidence, 3))
    return [Label(name, sure) for name, sure in sorted(labels.items(), key=lambda item: (-item[1], item[0]))]


def says_something(text: str) -> str:
    """The text; raises ValueError for one that is empty."""
    if not clean_text(text):
        raise ValueError("empty")
    return text


def _entries(content: str, name: str) -> list[Any]:
    """The list of entries, of an answer that was cut off the part that is there."""
    text = content.strip()
    if text.startswith("```"):  # some services put JSON in a block of code, asked or not
        text = _LANGUAGE.sub("", text.strip("`"))
    try:
        parsed = pydantic_core.from_json(text, allow_partial=True)
    except ValueError:
        raise ValueError("its content is no JSON") from None
    entries = parsed.get(name) if isinstance(parsed, dict) else parsed
    if not isinstance(entries, list):
        raise ValueError(f"its content has no list of {name}")
    return entries


def _where(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"] if not isinstance(part, int))
    return f"{where or 'the body'} is not as it should be ({first['type']})"


__all__ = [
    "Entry",
    "Form",
    "Named",
    "Strict",
    "Understood",
    "Usage",
    "labels_of",
    "read_entries",
    "says_something",
    "usage_of",
]
