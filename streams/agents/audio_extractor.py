"""audio-extractor: video-ingested -> audio-chunk."""

from __future__ import annotations

from processors.domain import AudioChunk
from schemas.messages import AudioChunkMessage
from streams.agents.base import Worker, stage_worker
from streams.clock import Clock
from streams.logic.extractor import Extractor
from streams.settings import Settings
from streams.topics import AUDIO_CHUNK
from streams.work import Bench

NAME = "audio-extractor"
CHILDREN = 1  # one child: decoding and VAD keep ahead of two transcribers on one core
SPARE = 1  # a job is a whole video: an urgent one does not wait for the end of an hour's


def _reach(item: AudioChunk) -> int:
    return item.end_ms


def build(settings: Settings, instance: str | None, clock: Clock) -> Worker:
    """The worker of this agent."""

    def logic(bench: Bench) -> Extractor[AudioChunk, AudioChunkMessage]:
        return Extractor(NAME, AUDIO_CHUNK, "extract-audio", AudioChunk, AudioChunkMessage, _reach, bench)

    return stage_worker(settings, instance, clock, logic, NAME, CHILDREN, SPARE)
