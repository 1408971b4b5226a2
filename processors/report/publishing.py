"""What stands on a card about publishing a segment: texts, platforms, suggestions, how likely it holds viewers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from processors.report.source import number, percent, text
from processors.segments.platforms import RULES


@dataclass(frozen=True, slots=True)
class PlatformView:
    """One platform; its fit in per cent, `grade` for the colour: "good", "fair", "poor"."""

    name: str
    fit: int
    grade: str
    violations: list[str]


@dataclass(frozen=True, slots=True)
class PublishingView:
    """What is known of publishing a segment; empty parts are not shown.

    Attributes:
        engagement: "62 (48 to 75)" of 100; empty when not known.
    """

    description: str
    hashtags: list[str]
    platforms: list[PlatformView]
    suggestions: list[str]
    engagement: str


def publishing_view(entry: Mapping[str, Any]) -> PublishingView:
    """From a segment of a result; platforms best first, those that suit alike by name."""
    found = entry.get("platforms")
    platforms = [
        _platform(name, fit)
        for name, fit in (found.items() if isinstance(found, Mapping) else ())
        if isinstance(fit, Mapping)
    ]
    return PublishingView(
        description=text(entry.get("description")),
        hashtags=texts(entry.get("hashtags")),
        platforms=sorted(platforms, key=lambda view: (-view.fit, view.name)),
        suggestions=texts(entry.get("suggestions")),
        engagement=_engagement(entry.get("engagement")),
    )


def texts(value: object) -> list[str]:
    """The texts of a list in JSON, without empty ones."""
    return [cleaned for each in value if (cleaned := text(each))] if isinstance(value, list) else []


def _platform(name: str, entry: Mapping[str, Any]) -> PlatformView:
    fit = percent(entry.get("fit"))
    grade = "good" if fit >= 75 else "fair" if fit >= 45 else "poor"
    shown = RULES[name].name if name in RULES else text(name).replace("_", " ").replace("-", " ").capitalize()
    return PlatformView(shown, fit, grade, texts(entry.get("violations")))


def _engagement(value: object) -> str:
    if not isinstance(value, Mapping):
        return ""
    score, low, high = (round(100 * number(value.get(name))) for name in ("score", "low", "high"))
    return f"{score} ({low} to {high})"


__all__ = ["PlatformView", "PublishingView", "publishing_view", "texts"]
