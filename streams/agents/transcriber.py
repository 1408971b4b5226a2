"""transcriber: audio-chunk -> transcript."""

from __future__ import annotations

from processors.domain import ChunkTranscript
from schemas.messages import AudioChunkMessage, TranscriptMessage
from streams.agents.base import Worker, stage_worker
from streams.clock import Clock
from streams.logic.item import ItemStage
from streams.settings import Settings
from streams.topics import AUDIO_CHUNK, TRANSCRIPT
from streams.work import Bench

NAME = "transcriber"


def build(settings: Settings, instance: str | None, clock: Clock) -> Worker:
    """The worker of this agent: one child a core, each with its own model on one thread, is the fastest layout."""

    def logic(bench: Bench) -> ItemStage[AudioChunkMessage, TranscriptMessage]:
        return ItemStage(NAME, AUDIO_CHUNK, TRANSCRIPT, "transcribe", ChunkTranscript, TranscriptMessage, bench)

    return stage_worker(settings, instance, clock, logic, NAME, settings.workers)
