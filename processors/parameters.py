"""Which options and settings steer which stage: part of the result cache's key, and all that a stage's job is given.

A job sees only the options that are listed for its stage, the others with their defaults. So one that is missing here
has no effect, which its tests show, instead of a cache that answers with what another option made. And a change of one
parameter computes its stage and those behind it anew, and nothing before.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

STEERED_BY: Final[dict[str, frozenset[str]]] = {
    "metadata": frozenset({"language", "metadata"}),
    "audio-extractor": frozenset({"language", "profile"}),
    "frame-extractor": frozenset({"language", "vision"}),
    "transcriber": frozenset({"language", "profile"}),
    "vision": frozenset({"vision", "budget_usd"}),
    "segmenter": frozenset(),  # its input, the parts, has the options inside
}


def relevant(stage: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that steer a stage, of all options of a request."""
    return {name: value for name, value in options.items() if name in STEERED_BY[stage]}


def parameters(
    stage: str,
    options: Mapping[str, Any],
    asr_model: str | None,
    threads: int,
    categories: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """What steers a stage beside its input, as JSON.

    Args:
        stage: name of the stage.
        options: those that are relevant for it.
        asr_model: the recogniser of the settings; None for the choice by profile and language.
        threads: of a child; another number of them changes floating point sums.
        categories: of topics, of the settings.
    """
    steered: dict[str, Any] = {"options": dict(options), "threads": threads}
    if stage == "transcriber":
        steered["asr_model"] = asr_model
    if stage == "audio-extractor" and options.get("profile") == "fast":
        steered["hints"] = asr_model is None  # the language of the first speech chooses between two models
    if stage == "segmenter" and categories:
        steered["categories"] = dict(categories)
    return steered


__all__ = ["STEERED_BY", "parameters", "relevant"]
