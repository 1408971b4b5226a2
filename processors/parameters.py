"""Which options and settings steer which stage: part of the result cache's key, and all that a stage's job is given.

A job sees only the options that are listed for its stage, the others with their defaults. So one that is missing here
has no effect, which its tests show, instead of a cache that answers with what another option made. And a change of one
parameter computes its stage and those behind it anew, and nothing before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from processors.options import DEFAULT_PROFILE
from processors.speech.choice import DEFAULT_RECOGNITION, LONGEST_CHUNK_MS, Device, Recognition, needs_hint
from processors.versions import CLIPS_VERSION, MOMENTS_VERSION, PROMPT_VERSION
from processors.vision.selection import DEFAULT_SELECTION, Selection

STEERED_BY: Final[dict[str, frozenset[str]]] = {
    "metadata": frozenset({"language", "metadata"}),
    "audio-extractor": frozenset({"language", "profile"}),
    "frame-extractor": frozenset({"language", "vision", "profile"}),
    "transcriber": frozenset({"language", "profile"}),
    "vision": frozenset({"vision"}),
    "content": frozenset(),  # its input, the transcript of a chunk, is all
    "segmenter": frozenset(),  # its input, the parts, has the options inside
    "enricher": frozenset({"vision"}),
}

# Of a stage that asks a service that is paid for.
_STEERED_IF_PAID: Final[dict[str, frozenset[str]]] = {
    "transcriber": frozenset({"budget_usd"}),
    "vision": frozenset({"budget_usd", "language", "metadata"}),  # title and language go into the request
    "enricher": frozenset({"budget_usd", "language", "metadata"}),
}
_STEERED_IF_WRITTEN: Final = frozenset({"budget_usd", "language", "metadata", "platforms"})  # of the enricher


@dataclass(frozen=True, slots=True)
class Steering:
    """The settings that decide what stages compute.

    Attributes:
        asr_model: the recogniser; None for the choice by profile and language.
        threads: of a child; another number of them changes floating point sums.
        recognition: models by profile, device and languages.
        asr_service: model and address of the service that recognises speech; None for the local models.
        voices: digest of the enrolled people's recordings; None without any.
        categories: of topics, label -> description; empty for clipstream's own.
        platforms: rules of the platforms of the file of one's own; empty without one.
        vision_service: what of the service that describes pictures decides its results; empty for the local models.
        second_look: what of the look at the best segments decides its results beside that; empty where there is none.
        text_service: what of the language model that writes about segments decides its results; empty for none.
        vision_labels: words that are looked for in pictures, sorted.
        selection: how pictures are chosen.
        chunk_ms: most sound that is recognised at once.
    """

    asr_model: str | None = None
    threads: int = 1
    recognition: Recognition = DEFAULT_RECOGNITION
    asr_service: str | None = None
    voices: str | None = None
    categories: Mapping[str, str] = field(default_factory=dict)
    vision_service: Mapping[str, Any] = field(default_factory=dict)
    second_look: Mapping[str, Any] = field(default_factory=dict)
    text_service: Mapping[str, Any] = field(default_factory=dict)
    vision_labels: tuple[str, ...] = ()
    selection: Selection = DEFAULT_SELECTION
    platforms: Mapping[str, Any] = field(default_factory=dict)
    chunk_ms: int = LONGEST_CHUNK_MS

    def decisive(self) -> dict[str, Any]:
        """What decides a result, as JSON; threads change digits that no result shows."""
        return {
            "asr_model": self.asr_model,
            "recognition": self.recognition.model_dump(mode="json"),
            "asr_service": self.asr_service,
            "voices": self.voices,
            "categories": dict(self.categories),
            "vision_service": self.described_by(),
            "second_look": self.looked_by(),
            "text_service": self.written_by(),
            "vision_labels": list(self.vision_labels),
            "selection": self.selection.to_json(),
            "platforms": dict(self.platforms),
            # left out where it is the usual one, so that results from before there was a choice are answers still
            **({"chunk_ms": self.chunk_ms} if self.chunk_ms != LONGEST_CHUNK_MS else {}),
        }

    def described_by(self) -> dict[str, Any]:
        """What decides how a service describes pictures: the settings, and what it is asked; empty without one."""
        return {**self.vision_service, "prompt": PROMPT_VERSION} if self.vision_service else {}

    def looked_by(self) -> dict[str, Any]:
        """The same for its look at the best segments; empty where there is none."""
        return {**self.second_look, "prompt": MOMENTS_VERSION} if self.second_look else {}

    def written_by(self) -> dict[str, Any]:
        """The same for a language model that writes about segments; empty without one."""
        return {**self.text_service, "prompt": CLIPS_VERSION} if self.text_service else {}


def relevant(stage: str, options: Mapping[str, Any], steering: Steering) -> dict[str, Any]:
    """The options that steer a stage, of all options of a request."""
    sees = stage in ("vision", "enricher")
    paid = bool(steering.vision_service) if sees else steering.asr_service is not None
    names = STEERED_BY[stage] | (_STEERED_IF_PAID.get(stage, frozenset()) if paid else frozenset())
    if stage == "enricher" and steering.text_service:
        names |= _STEERED_IF_WRITTEN
    return {name: value for name, value in options.items() if name in names}


def parameters(stage: str, options: Mapping[str, Any], steering: Steering) -> dict[str, Any]:
    """What steers a stage beside its input, as JSON.

    Args:
        stage: name of the stage.
        options: those that are relevant for it.
        steering: the settings.
    """
    steered: dict[str, Any] = {"options": dict(options), "threads": steering.threads}
    if stage == "transcriber":
        steered.update(
            asr_model=steering.asr_model,
            recognition=steering.recognition.model_dump(mode="json"),
            asr_service=steering.asr_service,
        )
    if stage == "frame-extractor":
        steered.update(selection=steering.selection.to_json())
    if stage == "vision" and steering.vision_service:
        steered.update(vision_service=steering.described_by())
    if stage == "enricher":
        steered.update(vision_service=dict(steering.vision_service), second_look=steering.looked_by())
        if steering.text_service:
            steered.update(text_service=steering.written_by())
    if stage == "vision" and steering.vision_labels:
        steered.update(vision_labels=list(steering.vision_labels))
    if stage == "segmenter":
        steered.update(voices=steering.voices, categories=dict(steering.categories), platforms=dict(steering.platforms))
    if stage == "audio-extractor":
        # the language of the first speech, by the large model, where it chooses between two models
        device: Device = "cuda" if steering.recognition.device == "cuda" else "cpu"
        tier = steering.recognition.tier(options.get("profile", DEFAULT_PROFILE), device)
        if needs_hint(tier, steering.asr_model):
            steered["hints"] = tier.large
        if steering.chunk_ms != LONGEST_CHUNK_MS:
            steered["chunk_ms"] = steering.chunk_ms
    return steered


__all__ = ["STEERED_BY", "Steering", "parameters", "relevant"]
