"""segmenter: video-joined -> segments."""

from __future__ import annotations

from streams.agents.base import Worker, stage_worker
from streams.clock import Clock
from streams.logic.segmenter import Segmenter
from streams.settings import Settings

NAME = "segmenter"
CHILDREN = 1  # ranking an hour of transcript takes about a second


def build(settings: Settings, instance: str | None, clock: Clock) -> Worker:
    """The worker of this agent."""
    return stage_worker(settings, instance, clock, Segmenter, NAME, CHILDREN)
