"""Films with known transitions, and how well found boundaries agree with them.

A folder holds one folder an item: media with `NAME.truth.json` (`shots`; of neighbours in `ambiguous` the place between
them is left out), media with a `cuts.json` (`cuts_s`, with `file` where there are several), or media whose `SOURCE.txt`
says `truth: no cuts`. What these leave out and a look confirmed is in `data/shot_corrections.json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, TypeVar

import orjson
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, model_validator

from processors.errors import InvalidMessage
from processors.media.container import open_container, pick_streams
from processors.vision.boundaries import Kind

T = TypeVar("T")
_MEDIA: Final = frozenset({".mp4", ".mkv", ".webm", ".mov"})
_CORRECTIONS: Final = Path(__file__).parent / "data" / "shot_corrections.json"
_NO_CUTS: Final = "truth: no cuts"


@dataclass(frozen=True, slots=True)
class Transition:
    """A known transition: from the first picture that shows both shots to the first of the new one alone.

    A cut starts and ends with the first picture of the new shot.
    """

    kind: Kind
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Film:
    """A medium with its transitions, in time order."""

    name: str
    path: Path
    duration_ms: int
    transitions: list[Transition]
    ambiguous: list[Transition] = field(default_factory=list)  # count for nobody
    made: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    """Counts that add up."""

    hits: int = 0
    found: int = 0
    known: int = 0

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(self.hits + other.hits, self.found + other.found, self.known + other.known)

    @property
    def precision(self) -> float:
        """Of what was found, 0..1; 1 where nothing was."""
        return self.hits / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Of what there is, 0..1; 1 where there is nothing."""
        return self.hits / self.known if self.known else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both; 1 where nothing is and nothing was found."""
        both = self.found + self.known
        return 2 * self.hits / both if both else 1.0


def agreement(film: Film, found_ms: Sequence[int], tolerance_ms: float) -> Agreement:
    """Match boundaries with transitions, each at most once.

    Args:
        film: the truth.
        found_ms: times of boundaries.
        tolerance_ms: how far a boundary may lie before the start or behind the end of a transition.
    """
    counted = sorted(ms for ms in found_ms if not any(_off(one, ms) <= tolerance_ms for one in film.ambiguous))
    free = set(range(len(counted)))
    hits = 0
    for transition in film.transitions:
        near = [number for number in free if _off(transition, counted[number]) <= tolerance_ms]
        if near:
            free.remove(min(near, key=lambda number: (_off(transition, counted[number]), number)))
            hits += 1
    return Agreement(hits, len(counted), len(film.transitions))


def _off(transition: Transition, ms: int) -> float:
    return max(transition.start_ms - ms, ms - transition.end_ms, 0)


def films_in(data: Path) -> list[Film]:
    """All films of a folder whose cuts are known.

    Raises:
        InvalidMessage: there is none, or what is known of one cannot be read.
    """
    paths = sorted(one for one in data.glob("*/*") if one.suffix in _MEDIA)
    found = [film for path in paths if (film := film_of(path)) is not None]
    if not found:
        raise InvalidMessage(f"{data} has no media whose shots are known.")
    return found


def film_of(path: Path) -> Film | None:
    """A medium with its transitions; None where they are not known, or it has no pictures.

    Raises:
        InvalidMessage: what is known of it cannot be read.
    """
    known = _known(path)
    if known is None:
        return None
    transitions, ambiguous = known
    for added in orjson.loads(_CORRECTIONS.read_bytes()).get(path.name, []):
        transitions.append(Transition(added["kind"], added["start_ms"], added["end_ms"]))
    transitions.sort(key=lambda one: one.start_ms)
    duration_ms = _duration_ms(path)
    return None if duration_ms is None else Film(path.stem, path, duration_ms, transitions, ambiguous)


class _Shot(BaseModel):
    start_ms: int = Field(ge=0)


class _Truth(BaseModel):
    """A `NAME.truth.json`; one without `shots` is about sound alone."""

    shots: list[_Shot] | None = None
    ambiguous: list[tuple[int, int]] = []

    @model_validator(mode="after")
    def _numbers(self) -> _Truth:
        if any(not 0 <= number < len(self.shots or []) for pair in self.ambiguous for number in pair):
            raise ValueError("ambiguous names a shot that is not there")
        return self


class _Cuts(BaseModel):
    """An entry of a `cuts.json`."""

    file: str = ""
    cuts_s: list[Annotated[float, Field(ge=0.0, allow_inf_nan=False)]]


def _read(path: Path, kind: TypeAdapter[T]) -> T:
    """A file of truth.

    Raises:
        InvalidMessage: it has another form.
    """
    try:
        return kind.validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidMessage(f"{path} is no truth of a film: {where or 'it'}: {first['msg']}.") from error


def _known(path: Path) -> tuple[list[Transition], list[Transition]] | None:
    truth = path.with_name(f"{path.stem}.truth.json")
    if truth.is_file():
        content = _read(truth, TypeAdapter(_Truth))
        if content.shots is None:
            return None
        starts = [shot.start_ms for shot in content.shots]
        doubtful = {starts[max(pair)] for pair in content.ambiguous if abs(pair[0] - pair[1]) == 1}
        cuts = [_cut(ms) for ms in starts[1:]]
        return (
            [one for one in cuts if one.start_ms not in doubtful],
            [one for one in cuts if one.start_ms in doubtful],
        )
    cuts_file, source = path.with_name("cuts.json"), path.with_name("SOURCE.txt")
    if cuts_file.is_file():
        listed = _read(cuts_file, TypeAdapter(list[_Cuts] | _Cuts))
        for entry in [listed] if isinstance(listed, _Cuts) else listed:
            if isinstance(listed, _Cuts) or entry.file == path.name:
                return [_cut(round(1000 * cut)) for cut in entry.cuts_s], []
        return None
    if source.is_file() and any(line.startswith(_NO_CUTS) for line in source.read_text("utf-8").splitlines()):
        return [], []
    return None


def _cut(ms: int) -> Transition:
    return Transition("cut", ms, ms)


def _duration_ms(path: Path) -> int | None:
    """Length of a film; None for sound alone."""
    with open_container(path) as container:
        return (container.duration or 0) // 1000 if pick_streams(container)[1] is not None else None


__all__ = ["Agreement", "Film", "Transition", "agreement", "film_of", "films_in"]
