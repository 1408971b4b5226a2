"""The pipeline as plain calls of jobs, without a stream: what a result must be, whatever order its parts came in."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from processors.blobs import BlobStore
from processors.cache import ResultCache
from processors.domain import (
    AudioChunk,
    BatchAnalysis,
    ChunkTranscript,
    ExtractionEnd,
    FrameBatch,
    VideoFacts,
)
from processors.options import Options
from processors.segments.job import Ranked
from processors.segments.parts import Parts
from streams.clock import SYSTEM_CLOCK
from streams.codec import to_wire
from streams.pool import ChildPool
from streams.settings import Settings
from streams.work import Bench


async def parts_of(settings: Settings, video: Path, video_id: str, options: Options) -> Parts:
    """Everything that the stages find in a video, one after the other; its content is left to the ranking."""
    asked = options.model_dump(mode="json")
    media: dict[str, Any] = {"path": str(video), "options": asked}
    digest = hashlib.sha256(video.read_bytes()).hexdigest()
    (facts,) = await _done(settings, "metadata", "probe", {**media, "digest": digest}, VideoFacts)
    *chunks, heard = await _done(settings, "audio-extractor", "extract-audio", media, AudioChunk | ExtractionEnd)
    *batches, _ = await _done(settings, "frame-extractor", "extract-frames", media, FrameBatch | ExtractionEnd)
    items = [{"item": to_wire(chunk), "options": asked} for chunk in chunks]
    transcripts = await _done(settings, "transcriber", "transcribe", items, ChunkTranscript)
    items = [{"item": to_wire(batch), "options": asked} for batch in batches]
    analyses = await _done(settings, "vision", "analyse", items, BatchAnalysis)
    return Parts(video_id, options, facts, transcripts, analyses, heard.duration_ms, heard.sounds)


async def ranked(settings: Settings, parts: Parts, until_ms: int | None = None) -> Ranked:
    """The ranking of parts, by the segmenter's job."""
    uri = BlobStore(settings.store).put(replace(parts).to_json())
    (found,) = await _done(settings, "segmenter", "rank", {"parts_uri": uri, "until_ms": until_ms}, Ranked)
    made: Ranked = found
    return made


async def _done(settings: Settings, stage: str, job: str, request: Any, kind: Any) -> list[Any]:
    """All outputs of one request, or of several, each computed in a child as the stage's worker does it."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    pool = ChildPool(1, settings, stage)
    no_cache = ResultCache((), SYSTEM_CLOCK.monotonic_s)
    bench = Bench(settings, pool, no_cache, BlobStore(settings.store), SYSTEM_CLOCK)
    found = []
    try:
        for one in request if isinstance(request, list) else [request]:
            async for output in bench.run(stage, job, one, "not cached", "all"):
                found.append(adapter.validate_json(output.body))
    finally:
        await pool.stop()
    return found


__all__ = ["parts_of", "ranked"]
