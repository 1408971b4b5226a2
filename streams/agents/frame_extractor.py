"""frame-extractor: video-ingested -> frame-batch."""

from __future__ import annotations

from processors.domain import FrameBatch
from schemas.messages import FrameBatchMessage
from streams.agents.base import Worker, stage_worker
from streams.clock import Clock
from streams.logic.extractor import Extractor
from streams.settings import Settings
from streams.topics import FRAME_BATCH
from streams.work import Bench

NAME = "frame-extractor"
CHILDREN = 1  # one child: key frames decode at hundreds of times real time
SPARE = 1  # a job is a whole video: an urgent one does not wait for the end of an hour's


def _reach(item: FrameBatch) -> int:
    return item.end_ms


def build(settings: Settings, instance: str | None, clock: Clock) -> Worker:
    """The worker of this agent."""

    def logic(bench: Bench) -> Extractor[FrameBatch, FrameBatchMessage]:
        return Extractor(NAME, FRAME_BATCH, "extract-frames", FrameBatch, FrameBatchMessage, _reach, bench)

    return stage_worker(settings, instance, clock, logic, NAME, CHILDREN, SPARE)
