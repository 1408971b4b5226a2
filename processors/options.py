"""What a request may ask for: the `options` of `video-ingested`. Unknown keys are refused with the known ones."""

from __future__ import annotations

import difflib
import re
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from processors.errors import InvalidMessage
from processors.speech.language_names import code_of

Profile = Literal["fast", "balanced", "best"]
VisionMode = Literal["auto", "local", "openai", "off"]

# Bounds of a segment by default: the shortest that holds a complete thought with its set-up, and the longest that
# all of TikTok, Shorts and Reels show to everybody. What people mark in talks is mostly between 40 and 90 s long.
DEFAULT_MIN_SEGMENT_MS = 8_000
DEFAULT_MAX_SEGMENT_MS = 90_000
DEFAULT_MAX_SEGMENTS = 10
DEFAULT_PROFILE: Final[Profile] = "balanced"
# A code, as it is or with script and region; no name of a language, of which some begin like a code.
_TAG: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
ShotsBy = Literal["key frames", "content", "learned"]
# Who finds the shots. Each costs 4 to 20 times what the one before it does, and finds more (docs/quality.md).
SHOTS_BY: Final[dict[Profile, ShotsBy]] = {"fast": "key frames", "balanced": "content", "best": "learned"}


class Options(BaseModel):
    """Validated request options; frozen, so that it may be part of a cache key."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    language: str | None = Field(None, description="ISO 639 code, also with a region as in en-US; detected when absent")
    platforms: tuple[str, ...] = Field((), description="platforms to fit segments to", strict=False)
    min_segment_ms: int = Field(DEFAULT_MIN_SEGMENT_MS, ge=500, le=3_600_000)
    max_segment_ms: int = Field(DEFAULT_MAX_SEGMENT_MS, ge=1_000, le=3_600_000)
    max_segments: int = Field(DEFAULT_MAX_SEGMENTS, ge=1, le=100)
    profile: Profile = DEFAULT_PROFILE
    vision: VisionMode = "auto"
    budget_usd: float = Field(
        0.0, ge=0.0, le=10_000.0, description="most money to spend on this video; 0 for no limit", strict=False
    )
    preferences: dict[str, float] = Field(
        default_factory=dict, description="signal name -> weight factor", strict=False
    )
    callback_url: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict, description="title, description, tags: passed through")

    @field_validator("language")
    @classmethod
    def _known(cls, language: str | None) -> str | None:
        if language is None:
            return None
        code = code_of(language) if _TAG.fullmatch(language) else None
        if code is None:
            raise ValueError(f"'{language[:40]}' is no language that can be recognised; codes are like en, es, de")
        return code

    @model_validator(mode="before")
    @classmethod
    def _one_bound(cls, raw: Any) -> Any:
        """Of a request that gives one length only the other follows it."""
        if isinstance(raw, dict):
            low, high = raw.get("min_segment_ms"), raw.get("max_segment_ms")
            if high is None and isinstance(low, int) and low > DEFAULT_MAX_SEGMENT_MS:
                return {**raw, "max_segment_ms": low}
            if low is None and isinstance(high, int) and high < DEFAULT_MIN_SEGMENT_MS:
                return {**raw, "min_segment_ms": high}
        return raw

    @model_validator(mode="after")
    def _bounds(self) -> Options:
        if self.min_segment_ms > self.max_segment_ms:
            raise ValueError("min_segment_ms must not be above max_segment_ms")
        return self


def parse_options(raw: dict[str, Any]) -> Options:
    """Validate request options.

    Raises:
        InvalidMessage: an unknown key (the known ones are listed) or a value out of range.
    """
    known = sorted(Options.model_fields)
    unknown = sorted(set(raw) - set(known))
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, 1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise InvalidMessage(f"Unknown option '{unknown[0]}'.{hint} Known options: {', '.join(known)}.")
    try:
        return Options.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = f"Option '{where}' is" if where else "The options are"
        raise InvalidMessage(f"{what} not valid: {first['msg'].removeprefix('Value error, ')}.") from error


__all__ = ["SHOTS_BY", "Options", "Profile", "ShotsBy", "VisionMode", "parse_options"]
