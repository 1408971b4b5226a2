"""What every processing job is handed: where blobs are, where models are, how many threads it may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from processors.blobs import BlobStore
from processors.media.limits import DEFAULTS, Limits
from processors.models.store import ModelStore
from processors.service.config import HostedAsr, HostedText, HostedVision
from processors.speech.choice import DEFAULT_RECOGNITION, LONGEST_CHUNK_MS, Recognition
from processors.vision.selection import DEFAULT_SELECTION, Selection

if TYPE_CHECKING:
    from processors.segments.platforms import Platforms


@dataclass(frozen=True, slots=True)
class Tools:
    """The environment of a job; made once per process.

    Args:
        blobs: the blob store.
        models: the model store; loads weights by name through the manifest.
        threads: threads that one job may use, >= 1. Fixed, since a changed count changes floating point sums.
        asr_model: name of a model that overrides the choice by profile and language, or None.
        work_dir: folder for temporary files of jobs.
        limits: of media files.
        hosted: service that recognises speech, or None for the local models.
        hosted_vision: service that describes pictures, or None for the local models alone.
        hosted_text: language model that writes about segments, or None for the words of the video alone.
        recognition: models by profile, device and languages.
        voices_dir: folder with a recording of each enrolled person; None for none.
        selection: how pictures are chosen.
        vision_labels: words that are looked for in pictures beside those of the usual networks; empty for none.
        categories: label -> description, instead of those of `processors.content.categories`; empty for these.
        chunk_ms: most sound that is recognised at once.
        platforms: rules of platforms by name, beside those of `processors.segments.platforms` or instead of them.
    """

    blobs: BlobStore
    models: ModelStore
    threads: int
    asr_model: str | None
    work_dir: Path
    limits: Limits = DEFAULTS
    hosted: HostedAsr | None = None
    hosted_vision: HostedVision | None = None
    hosted_text: HostedText | None = None
    recognition: Recognition = DEFAULT_RECOGNITION
    voices_dir: Path | None = None
    vision_labels: tuple[str, ...] = ()
    selection: Selection = DEFAULT_SELECTION
    categories: Mapping[str, str] = field(default_factory=dict)
    platforms: Platforms = field(default_factory=dict)
    chunk_ms: int = LONGEST_CHUNK_MS
