"""What platforms ask of a video: lengths, aspects, texts, what their interface covers. Data, one file for all.

`data/platforms.json` has those that come with clipstream, with where each figure is from and which could not be
verified. `CLIPSTREAM_PLATFORMS_FILE` names a file of the same shape (JSON or TOML) that adds platforms or replaces
some: the rules of platforms change more often than this program.
"""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from processors.errors import InvalidMessage
from processors.options import Options

# What a file of one's own may hold: each platform is written beside each segment of a result.
MAX_PLATFORMS: Final = 20
_NAME: Final = r"^[a-z0-9][a-z0-9_-]{0,39}$"
_WIDE: Final = frozenset({"W", "F"})  # of Unicode's East Asian width; emoji are among them
_ASPECT: Final = re.compile(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)")

Part = Annotated[float, Field(ge=0.0, lt=0.5)]
Name = Annotated[str, StringConstraints(pattern=_NAME)]


def aspect_of(text: str) -> float:
    """Width by height of a text like "9:16".

    Raises:
        ValueError: it is none.
    """
    found = _ASPECT.fullmatch(text)
    if found is None or not float(found[1]) or not float(found[2]):
        raise ValueError(f"'{text[:20]}' is no aspect; these are like 9:16")
    return float(found[1]) / float(found[2])


def _aspect(text: str) -> str:
    aspect_of(text)
    return text


Aspect = Annotated[str, AfterValidator(_aspect)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Hashtags(_Frozen):
    """How many hashtags: at most, None for no limit; and how many serve best."""

    most: int | None = Field(None, ge=0)
    recommended: int = Field(3, ge=0, le=30)

    @model_validator(mode="after")
    def _within(self) -> Hashtags:
        if self.most is not None and self.recommended > self.most:
            raise ValueError("recommends more hashtags than it takes")
        return self


class Covered(_Frozen):
    """Parts of a frame of the first ideal aspect that the interface lies over."""

    top: Part = 0.0
    bottom: Part = 0.0
    left: Part = 0.0
    right: Part = 0.0

    @property
    def anything(self) -> bool:
        """Whether it covers anything."""
        return bool(self.top or self.bottom or self.left or self.right)


class Source(_Frozen):
    """Where figures are from."""

    url: str
    read: str  # date
    says: str = ""


class Rules(_Frozen):
    """The rules of one platform. Lengths in ms; aspects are width:height."""

    name: str = Field(min_length=1, max_length=60)
    min_ms: int = Field(500, ge=0)
    ideal_ms: tuple[int, int]
    max_ms: int = Field(gt=0)
    ideal_aspects: tuple[Aspect, ...] = Field(min_length=1)
    accepted_aspects: tuple[Aspect, Aspect]
    title_chars: int | None = Field(None, ge=10)  # None: no title of its own, the description opens with it
    description_chars: int = Field(ge=30)
    wide_characters_count: int = Field(1, ge=1, le=2)
    hashtags: Hashtags = Hashtags(most=None, recommended=3)
    covered: Covered = Covered()
    max_bytes: int | None = Field(None, gt=0)
    frame_rate: tuple[float, float] | None = None
    starts_muted: bool = False
    sources: tuple[Source, ...] = ()
    unverified: tuple[str, ...] = ()
    notes: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> Rules:
        low, high = self.ideal_ms
        if not self.min_ms <= low <= high <= self.max_ms:
            raise ValueError("its lengths must be in order: min_ms, ideal_ms, max_ms")
        if not self.narrowest <= self.widest:
            raise ValueError("accepted_aspects are the narrowest and the widest, in this order")
        if wrong := sorted(set(self.unverified) - set(Rules.model_fields)):
            raise ValueError(f"'{wrong[0]}' in unverified is none of its fields")
        return self

    @property
    def narrowest(self) -> float:
        """Of the accepted aspects."""
        return aspect_of(self.accepted_aspects[0])

    @property
    def widest(self) -> float:
        """Of the accepted aspects."""
        return aspect_of(self.accepted_aspects[1])

    def length_of(self, text: str) -> int:
        """Characters as this platform counts them."""
        wide = sum(unicodedata.east_asian_width(character) in _WIDE for character in text)
        return len(text) + (self.wide_characters_count - 1) * wide


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    about: str = ""
    platforms: dict[Name, Rules] = Field(min_length=1, max_length=MAX_PLATFORMS)


Platforms = Mapping[str, Rules]


@cache
def read_platforms(path: Path) -> Platforms:
    """The platforms of a file of one's own; read once per process, so that all of its results go by the same.

    Raises:
        ValueError: it cannot be read, or is not of that shape; the text says where and what.
    """
    try:
        content = path.read_bytes()
        raw = tomllib.loads(content.decode()) if path.suffix == ".toml" else orjson.loads(content)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except (orjson.JSONDecodeError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no {'TOML' if path.suffix == '.toml' else 'JSON'}: {error}") from error
    return _validated(raw, str(path))


def platforms_from(raw: Mapping[str, Any]) -> Platforms:
    """Platforms out of `platforms_to`, as they reach a child.

    Raises:
        ValueError: they are none.
    """
    return _validated({"platforms": raw}, "the platforms") if raw else {}


def platforms_to(platforms: Platforms) -> dict[str, Any]:
    """Platforms as JSON."""
    return {name: rules.model_dump(mode="json") for name, rules in sorted(platforms.items())}


def rules_for(names: Iterable[str] = (), own: Platforms | None = None) -> dict[str, Rules]:
    """The rules of platforms, in the order of the names; of all that are known where none is named.

    Args:
        names: as in the option `platforms`.
        own: of the file of one's own; they come before those of clipstream.

    Raises:
        InvalidMessage: an unknown name; the known ones are listed.
    """
    known = {**RULES, **(own or {})}
    wanted = list(dict.fromkeys(names)) or list(known)
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name.lower(), list(known), 1) or _by_name(name, known)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise InvalidMessage(
                f"Unknown platform '{name[:60]}'.{hint} Known platforms: {', '.join(sorted(known))}.",
                "CLIPSTREAM_PLATFORMS_FILE may add others.",
            )
    return {name: known[name] for name in wanted}


def checked(options: Options, own: Platforms | None = None) -> None:
    """Refuse names of platforms and preferences that nobody knows, before any work is done.

    Raises:
        InvalidMessage: an unknown name, or a factor out of range.
    """
    rules_for(options.platforms, own)
    if options.preferences:
        from processors.segments.weights import preferred_weights  # brings all signals, and NumPy with them

        preferred_weights(options.preferences)


def _by_name(name: str, known: Platforms) -> list[str]:
    """Names whose long form holds what was written: "instagram", "youtube"."""
    return [short for short, rules in known.items() if name.lower() and name.lower() in rules.name.lower()]


def _validated(raw: Any, where: str) -> Platforms:
    try:
        return _File.model_validate(raw).platforms
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"] if part != "[key]") or "the file"
        raise ValueError(f"{where}: {field}: {first['msg'].removeprefix('Value error, ')}") from error


RULES: Final[Platforms] = _validated(
    orjson.loads(files("processors.segments").joinpath("data/platforms.json").read_bytes()), "platforms.json"
)

__all__ = [
    "MAX_PLATFORMS",
    "RULES",
    "Covered",
    "Hashtags",
    "Platforms",
    "Rules",
    "aspect_of",
    "checked",
    "platforms_from",
    "platforms_to",
    "read_platforms",
    "rules_for",
]
