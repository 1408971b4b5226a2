"""enricher: segments -> segments, the same revision with what a vision service says of the best of them."""

from __future__ import annotations

from streams.agents.base import Worker, stage_worker
from streams.clock import Clock
from streams.logic.enricher import Enricher
from streams.newest import Newest
from streams.settings import Settings

NAME = "enricher"
CHILDREN = 2  # a look waits some seconds for the service and computes a tenth of that; a child has some 0.2 GB


def build(settings: Settings, instance: str | None, clock: Clock) -> Worker:
    """The worker of this agent."""
    newest = Newest(settings)
    worker = stage_worker(settings, instance, clock, lambda bench: Enricher(bench, newest), NAME, CHILDREN)

    @worker.app.task()
    async def follow() -> None:
        await newest.follow()

    return worker
