"""segmenter: video-joined -> segments."""

from __future__ import annotations

from streams.agents.base import Worker, stage_worker
from streams.clock import Clock
from streams.logic.segmenter import Segmenter
from streams.newest import Newest
from streams.settings import Settings

NAME = "segmenter"
CHILDREN = 1  # ranking an hour of transcript takes about a second


def build(settings: Settings, instance: str | None, clock: Clock) -> Worker:
    """The worker of this agent."""
    newest = Newest(settings)
    worker = stage_worker(settings, instance, clock, lambda bench: Segmenter(bench, newest), NAME, CHILDREN)

    @worker.app.task()
    async def follow() -> None:
        await newest.follow()

    return worker
