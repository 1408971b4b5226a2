"""What is known of the benches' data: the truth files' reader, and word errors of a transcript against them.

A `truth.json` names the clips of its folder, a `NAME.truth.json` what is said in the medium beside it; docs/quality.md
has the fields.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from processors.errors import InvalidMessage
from processors.speech.wer import NO_ERRORS, WordErrors, word_errors

DECIMALS: Final = 4
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spoken:
    """One speech segment of a truth file."""

    start_ms: int
    end_ms: int
    language: str
    text: str


class Clip(BaseModel):
    """One entry of a `truth.json`.

    Attributes:
        file: name of the sound in the folder; of `archive.zip!folder/name` the last part.
        speaker: who speaks; "unknown" for somebody whose name is not known; None where nothing is said about it.
        lang, langs: codes of what is spoken.
        text: what is said.
        channel: of the file, when the entry is about one of several.
    """

    model_config = ConfigDict(frozen=True)

    file: str = Field(min_length=1)
    speaker: str | None = None
    lang: str | None = None
    langs: tuple[str, ...] = ()
    text: str | None = None
    channel: str | int | None = None

    def path_in(self, folder: Path) -> Path:
        """Where the sound is."""
        return folder / self.file.rpartition("!")[2].rpartition("/")[2]


class _Speech(BaseModel):
    start_ms: int
    end_ms: int
    lang: str = "?"
    text: str | None = None
    cut: Any = None


class _Truth(BaseModel):
    speech: list[_Speech] = Field(default_factory=list)


_CLIPS: Final = TypeAdapter(list[Clip])
_TRUTH: Final = TypeAdapter(_Truth)
_REMEDY: Final = "Mend it, or take it out of the folder; docs/quality.md has the fields (Data of one's own)."


def clips_of(truth: Path) -> list[Clip]:
    """The entries of a `truth.json`: a list, or the list `clips` of an object.

    Raises:
        InvalidMessage: it cannot be read.
    """
    content = _json(truth)
    entries = content.get("clips", []) if isinstance(content, dict) else content
    return _valid(_CLIPS, entries, truth)


def speech_of(truth: Path) -> list[Spoken]:
    """The speech segments of a `NAME.truth.json` in time order, without those cut in the middle; none without texts.

    Raises:
        InvalidMessage: it cannot be read.
    """
    content = _valid(_TRUTH, _json(truth), truth)
    texts = [entry.text is not None for entry in content.speech]
    if any(texts) and not all(texts):
        raise InvalidMessage(f"{truth}: entry {texts.index(False) + 1} of 'speech' has no 'text'.", _REMEDY)
    found = [
        Spoken(entry.start_ms, entry.end_ms, entry.lang, entry.text)
        for entry in content.speech
        if not entry.cut and entry.text is not None
    ]
    return sorted(found, key=lambda spoken: spoken.start_ms)


def pooled_errors(truth: list[Spoken], said: list[tuple[int, str]]) -> dict[str, Any]:
    """Word errors in all, and by language with each text given to the truth segment that it lies nearest to.

    Args:
        truth: reference.
        said: (start in ms, word) of the hypothesis.
    """
    reference = " ".join(spoken.text for spoken in truth)
    hypothesis = " ".join(text for _, text in sorted(said))
    total = word_errors(reference, hypothesis)
    texts: dict[int, list[str]] = defaultdict(list)
    for start_ms, text in sorted(said):
        nearest = min(range(len(truth)), key=lambda n: _distance(truth[n], start_ms), default=-1)
        texts[nearest].append(text)
    by_language: dict[str, WordErrors] = defaultdict(lambda: NO_ERRORS)
    for number, spoken in enumerate(truth):
        by_language[spoken.language] += word_errors(spoken.text, " ".join(texts[number]))
    return {
        "all": round(total.rate, DECIMALS),
        "reference_words": total.reference_words,
        "deletions": total.deletions,
        "insertions": total.insertions,
        "by_language": {language: round(errors.rate, DECIMALS) for language, errors in sorted(by_language.items())},
    }


def _json(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise InvalidMessage(f"{path} is no JSON: {error}.", _REMEDY) from error


def _valid(form: TypeAdapter[T], content: Any, path: Path) -> T:
    try:
        return form.validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"[{part}]" if isinstance(part, int) else f" '{part}'" for part in first["loc"])
        raise InvalidMessage(f"{path}{where and ','}{where}: {first['msg']}.", _REMEDY) from error


def _distance(spoken: Spoken, at_ms: int) -> int:
    return max(spoken.start_ms - at_ms, at_ms - spoken.end_ms, 0)


__all__ = ["Clip", "Spoken", "clips_of", "pooled_errors", "speech_of"]
