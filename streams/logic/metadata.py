"""The metadata stage: container facts of a video; also the one that reports messages nobody can read."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from pydantic import TypeAdapter

from processors.domain import VideoFacts
from schemas.messages import VideoIngested, VideoMetadataMessage
from streams import identity
from streams.dead_letters import reason_of
from streams.logic.extractor import header_of, locate
from streams.topics import VIDEO_INGESTED, VIDEO_METADATA
from streams.work import Bench, Output

_FACTS: TypeAdapter[VideoFacts] = TypeAdapter(VideoFacts)


class Metadata:
    """Logic of the metadata stage.

    Args:
        bench: pool, cache, settings.
    """

    name = "metadata"
    source = VIDEO_INGESTED
    reports_invalid = True

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def about(self, message: VideoIngested) -> tuple[str, int | None]:
        """See `Logic`."""
        request = identity.request_of(message)
        return request.video_id, request.generation

    async def outputs(self, message: VideoIngested, attempt: int) -> AsyncGenerator[Output[VideoMetadataMessage], None]:
        """See `Logic`."""
        request = identity.request_of(message)
        path, digest = await locate(request, self._bench)
        job = {"path": str(path), "options": request.options.model_dump(mode="json"), "digest": digest}
        # the name of the file is part of the answer (it is the title of last resort), not only its content
        inputs = f"{digest}:{path.name}"
        async for found in self._bench.run(self.name, "probe", job, inputs, request.fresh_from):
            facts = _FACTS.validate_json(found.body)
            header = header_of(request, self.name, 0, "ok", None, attempt, found.took_ms, found.cached)
            yield Output(VIDEO_METADATA, header, VideoMetadataMessage(header, facts), 1, 1, facts.duration_ms)

    def failed(
        self, message: VideoIngested, error: Exception, attempts: int, emitted: int
    ) -> list[Output[VideoMetadataMessage]]:
        """See `Logic`."""
        request = identity.request_of(message)
        header = header_of(request, self.name, 0, "failed", reason_of(error), attempts, 0, cached=False)
        return [Output(VIDEO_METADATA, header, VideoMetadataMessage(header, None), 1, 1)]
