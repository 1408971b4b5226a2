"""vision: frame-batch -> vision-result."""

from __future__ import annotations

from processors.domain import BatchAnalysis
from schemas.messages import FrameBatchMessage, VisionResultMessage
from streams.agents.base import Worker, stage_worker
from streams.clock import Clock
from streams.hosted_services import children_of_vision
from streams.logic.item import ItemStage
from streams.settings import Settings
from streams.topics import FRAME_BATCH, VISION_RESULT
from streams.work import Bench

NAME = "vision"


def build(settings: Settings, instance: str | None, clock: Clock) -> Worker:
    """The worker of this agent."""

    def logic(bench: Bench) -> ItemStage[FrameBatchMessage, VisionResultMessage]:
        return ItemStage(NAME, FRAME_BATCH, VISION_RESULT, "analyse", BatchAnalysis, VisionResultMessage, bench)

    return stage_worker(settings, instance, clock, logic, NAME, children_of_vision(settings))
