"""Which options and settings steer which stage: part of the result cache's key, and all that a stage's job is given.

A job sees only the options that are listed for its stage, the others with their defaults. So one that is missing here
has no effect, which its tests show, instead of a cache that answers with what another option made. And a change of one
parameter computes its stage and those behind it anew, and nothing before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from processors.options import DEFAULT_PROFILE
from processors.speech.choice import Device, Recognition, needs_hint

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
    stage: str, options: Mapping[str, Any], asr_model: str | None, threads: int, recognition: Recognition
) -> dict[str, Any]:
    """What steers a stage beside its input, as JSON.

    Args:
        stage: name of the stage.
        options: those that are relevant for it.
        asr_model: the recogniser of the settings; None for the choice by profile and language.
        threads: of a child; another number of them changes floating point sums.
        recognition: models by profile, device and languages.
    """
    steered: dict[str, Any] = {"options": dict(options), "threads": threads}
    if stage == "transcriber":
        steered["asr_model"] = asr_model
        steered["recognition"] = recognition.model_dump(mode="json")
    if stage == "audio-extractor":
        # the language of the first speech, by the large model, where it chooses between two models
        device: Device = "cuda" if recognition.device == "cuda" else "cpu"
        tier = recognition.tier(options.get("profile", DEFAULT_PROFILE), device)
        if needs_hint(tier, asr_model):
            steered["hints"] = tier.large
    return steered


__all__ = ["STEERED_BY", "parameters", "relevant"]
