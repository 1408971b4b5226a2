"""content: transcript -> content-result."""

from __future__ import annotations

from processors.domain import ChunkContent
from schemas.messages import ContentResultMessage, TranscriptMessage
from streams.agents.base import Worker, stage_worker
from streams.clock import Clock
from streams.logic.item import ItemStage
from streams.settings import Settings
from streams.topics import CONTENT_RESULT, TRANSCRIPT
from streams.work import Bench

NAME = "content"
CHILDREN = 1  # an hour of talk takes two seconds


def build(settings: Settings, instance: str | None, clock: Clock) -> Worker:
    """The worker of this agent."""

    def logic(bench: Bench) -> ItemStage[TranscriptMessage, ContentResultMessage]:
        # the joiner reads the transcript as well, and reports what nobody can read
        return ItemStage(
            NAME,
            TRANSCRIPT,
            CONTENT_RESULT,
            "understand",
            ChunkContent,
            ContentResultMessage,
            bench,
            reports_invalid=False,
        )

    return stage_worker(settings, instance, clock, logic, NAME, CHILDREN)
