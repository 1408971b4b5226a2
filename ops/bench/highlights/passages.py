"""The passages that talks are put together of: texts in `ops/bench/data/highlights`, one file a language.

Each passage is of one half, `train` or `test`, which its row says: whoever learns from talks of the one half has read
no sentence of the other. The halves were dealt out in turn within each subject, and subjects begin in turn, so that
both have all subjects and nearly as many passages of each kind. A new passage gets its half by hand; none changes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

Split = Literal["train", "test"]
LANGUAGES: Final = ("en", "de", "es")
# In a text: somebody else goes on; the audience laughs.
TURN: Final = "||"
LAUGH: Final = "[laugh]"
_SENTENCE_END: Final = re.compile(r"(?<=[.?!])\s+(?=[¿¡\"A-ZÄÖÜÁÉÍÓÚÑ])")


class Passage(BaseModel):
    """A complete thought worth showing alone, or what lies between such.

    Attributes:
        id: language, subject and kind, with a number where there are several.
        split: the half it is of.
        role: `highlight` or `filler`.
        kind: of highlights story, fact, howto, opinion, joke, answer, prediction, myth; of fillers greet, numbers, ...
        theme: subjects that one talk may have; None for a passage that any talk may have.
        subject: what it is about; None as above.
        text: with `TURN` and `LAUGH`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    split: Split
    role: Literal["highlight", "filler"]
    kind: str
    theme: str | None = None
    subject: str | None = None
    text: str

    @property
    def turns(self) -> list[list[Sentence]]:
        """What each speaker says in turn."""
        return [_sentences(turn) for turn in self.text.split(TURN)]

    @property
    def spoken(self) -> str:
        """The words alone."""
        return " ".join(self.text.replace(TURN, " ").replace(LAUGH, " ").split())


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence.

    Attributes:
        words: with their punctuation.
        laughed: whether the audience laughs after it.
    """

    words: tuple[str, ...]
    laughed: bool = False


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    origin: str
    language: str
    passages: list[Passage]


@cache
def passages(language: str) -> tuple[Passage, ...]:
    """All passages of a language, in the order of its file."""
    path = files("ops.bench") / "data" / "highlights" / f"{language}.json"
    read = _File.model_validate_json(path.read_bytes())
    if read.language != language:
        raise ValueError(f"{path} is of {read.language}")
    return tuple(read.passages)


def of_half(language: str, split: Split) -> tuple[Passage, ...]:
    """Those of one half."""
    return tuple(passage for passage in passages(language) if passage.split == split)


def _sentences(text: str) -> list[Sentence]:
    found: list[Sentence] = []
    for piece in re.split(rf"({re.escape(LAUGH)})", text):
        if piece == LAUGH:
            found[-1] = Sentence(found[-1].words, laughed=True)
        elif piece.strip():
            found += [Sentence(tuple(one.split())) for one in _SENTENCE_END.split(piece.strip())]
    return found


__all__ = ["LANGUAGES", "LAUGH", "TURN", "Passage", "Sentence", "Split", "of_half", "passages"]
