"""metadata: video-ingested -> video-metadata."""

from __future__ import annotations

from streams.agents.base import Worker, stage_worker
from streams.clock import Clock
from streams.logic.metadata import Metadata
from streams.settings import Settings

NAME = "metadata"
CHILDREN = 1  # opening a container takes milliseconds


def build(settings: Settings, instance: str | None, clock: Clock) -> Worker:
    """The worker of this agent."""
    return stage_worker(settings, instance, clock, Metadata, NAME, CHILDREN)
