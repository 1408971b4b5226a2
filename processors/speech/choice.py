"""Which model writes a chunk down: the small one where that is easy, the large one where it is not.

::

    noise below the threshold, one voice  ->  small model, narrow beam      | decodes badly: the large one, wide beam
    anything else                         ->  large model, wide beam

`processors.speech.noise` says what noise is; 0.1 is a signal-to-noise ratio of 19 dB. What is not known counts as easy
in voices (most chunks have one) and as hard in noise.

Batches: faster-whisper's batched mode decodes many windows at once, on our material at the price of 172 lost words, and
each of our windows has a length of its own; a chunk is one call, so there is no batch size to choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from processors.errors import ModelUnavailable
from processors.languages import LANGUAGES
from processors.models.manifest import MODELS
from processors.options import Profile
from processors.speech.tongues import Supported

# Whisper looks at 30 s; the rest is room for the silence that tells it the end.
LONGEST_CHUNK_MS: Final = 29_000
Device = Literal["cpu", "cuda"]
_ENGLISH_ONLY: Final = ".en"
_RECOGNISERS: Final = frozenset(name for name, model in MODELS.items() if model.kind == "speech recognition")


@dataclass(frozen=True, slots=True)
class Tier:
    """What one profile does.

    Attributes:
        small: model for easy chunks; an English one where the language is known to be English, else `large` stands in.
        small_beam: width of its search, >= 1.
        large: model for the others, and for a second try.
        large_beam: width of its search, >= 1.
        noise: chunks with a noise level below it are easy; 0 sends all to the large model.
    """

    small: str
    small_beam: int
    large: str
    large_beam: int
    noise: float


# Noise below which a chunk is easy.
_EASY_NOISE: Final = 0.1
TIERS: Final[dict[Device, dict[Profile, Tier]]] = {
    "cpu": {
        "fast": Tier("tiny.en", 1, "base", 5, _EASY_NOISE),
        "balanced": Tier("base", 5, "base", 5, _EASY_NOISE),
        "best": Tier("base", 5, "base", 5, 0.0),
    },
    # not measured: no GPU was at hand
    "cuda": {
        "fast": Tier("base", 1, "base", 5, _EASY_NOISE),
        "balanced": Tier("base", 1, "large-v3", 5, _EASY_NOISE),
        "best": Tier("large-v3", 5, "large-v3", 5, 0.0),
    },
}

Beam = Annotated[int, Field(ge=1, le=20)]


class TierChanges(BaseModel):
    """A tier as settings change it; what is None stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    small: str | None = None
    small_beam: Beam | None = None
    large: str | None = None
    large_beam: Beam | None = None
    noise: Annotated[float, Field(ge=0.0, le=1.0)] | None = None

    @field_validator("small", "large")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None and name not in _RECOGNISERS:
            raise ValueError(f"there is no recogniser '{name}'; there are: {', '.join(sorted(_RECOGNISERS))}")
        return name


class Recognition(BaseModel):
    """What the settings say about recognition; part of its cache key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: Literal["auto", "cpu", "cuda"] = "auto"
    profiles: dict[Profile, TierChanges] = Field(default_factory=dict)
    languages: tuple[str, ...] = ()  # that are supported, sorted; all when empty
    others: Literal["drop", "nearest"] = "drop"  # speech in other languages: no text, or as the likeliest of these

    @field_validator("languages")
    @classmethod
    def _sorted(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(languages) - LANGUAGES)
        if unknown:
            raise ValueError(f"'{unknown[0]}' is no language that can be recognised; codes are like en, es, de")
        return tuple(sorted(set(languages)))

    @property
    def supported(self) -> Supported:
        """Which languages may be written down."""
        return Supported(frozenset(self.languages), self.others == "nearest")

    def tier(self, profile: Profile, device: Device) -> Tier:
        """What a profile does on a device."""
        base, changes = TIERS[device][profile], self.profiles.get(profile, TierChanges())
        return Tier(
            small=changes.small or base.small,
            small_beam=changes.small_beam or base.small_beam,
            large=changes.large or base.large,
            large_beam=changes.large_beam or base.large_beam,
            noise=base.noise if changes.noise is None else changes.noise,
        )


DEFAULT_RECOGNITION: Final = Recognition()


@dataclass(frozen=True, slots=True)
class Choice:
    """How a chunk is decoded first, and to what it falls back."""

    model: str
    beam: int
    larger: str | None  # for a second try; None when the first was with it
    larger_beam: int


def choose(tier: Tier, override: str | None, noise: float | None, voices: int | None, english: bool) -> Choice:
    """Choose the model of a chunk.

    Args:
        tier: of the profile.
        override: a model of the settings, for everything; None for the choice.
        noise: level 0..1 of the chunk; None when it is not known.
        voices: speakers in the chunk, >= 1; None when nobody counted.
        english: whether the language is known to be English.
    """
    if override is not None:
        return Choice(override, tier.large_beam, None, tier.large_beam)
    easy = noise is not None and noise < tier.noise and voices in (None, 1)
    if not easy:
        return Choice(tier.large, tier.large_beam, None, tier.large_beam)
    model = tier.small if english or not tier.small.endswith(_ENGLISH_ONLY) else tier.large
    return Choice(model, tier.small_beam, None if model == tier.large else tier.large, tier.large_beam)


def needs_hint(tier: Tier, override: str | None) -> bool:
    """Whether the choice depends on the language of the file, so that the extractor must tell it."""
    return override is None and tier.small.endswith(_ENGLISH_ONLY) and tier.noise > 0.0


def models_of(tier: Tier, override: str | None) -> frozenset[str]:
    """Names of all models that chunks of a profile may need."""
    if override is not None:
        return frozenset({override})
    return frozenset({tier.large} | ({tier.small} if tier.noise > 0.0 else set()))


def device_for(wanted: Literal["auto", "cpu", "cuda"], cuda_devices: int) -> Device:
    """The device that models run on: a GPU where there is one.

    Raises:
        ModelUnavailable: a GPU is wanted and there is none.
    """
    if wanted == "cuda" and cuda_devices == 0:
        raise ModelUnavailable(
            "CLIPSTREAM_ASR_DEVICE is cuda, and CTranslate2 sees no CUDA device.",
            "Check the driver with nvidia-smi and that CUDA 12 with cuDNN 9 is installed, or set it to auto.",
        )
    return "cuda" if wanted != "cpu" and cuda_devices > 0 else "cpu"


def compute_type_for(device: Device) -> str:
    """Numbers that a model computes with: 8-bit weights on a processor, halves on a GPU."""
    return "float16" if device == "cuda" else "int8"


__all__ = [
    "DEFAULT_RECOGNITION",
    "TIERS",
    "Choice",
    "Device",
    "Recognition",
    "Tier",
    "TierChanges",
    "choose",
    "compute_type_for",
    "device_for",
    "models_of",
    "needs_hint",
]
