"""Stages that take a video from the ingest topic and yield items and an end record: audio and frames."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from pydantic import TypeAdapter

from processors.domain import AudioChunk, ExtractionEnd, FrameBatch
from processors.errors import Retryable
from schemas.messages import END_INDEX, AudioChunkMessage, FrameBatchMessage, Header, Status, VideoIngested
from streams import identity, sources
from streams.dead_letters import reason_of
from streams.own_platforms import check_names
from streams.topics import VIDEO_INGESTED, TopicSpec
from streams.work import Bench, Output

Item = TypeVar("Item", AudioChunk, FrameBatch)
Message = TypeVar("Message", AudioChunkMessage, FrameBatchMessage)


class Extractor(Generic[Item, Message]):
    """Logic of an extractor.

    Args:
        name: of the stage.
        target: topic of the items.
        job: name in `processors.jobs`.
        item: class of the items.
        message: class of the target's messages.
        position: how far an item reaches, in ms.
        bench: pool, cache, settings.
    """

    source = VIDEO_INGESTED
    reports_invalid = False  # metadata does, so that one bad message makes one dead letter

    def __init__(
        self,
        name: str,
        target: TopicSpec[Message],
        job: str,
        item: type[Item],
        message: type[Message],
        position: Callable[[Item], int],
        bench: Bench,
    ) -> None:
        self.name = name
        self._target: TopicSpec[Message] = target
        self._job = job
        self._message: type[Message] = message
        self._position: Callable[[Item], int] = position
        self._bench = bench
        self._adapter: TypeAdapter[Item | ExtractionEnd] = TypeAdapter(item | ExtractionEnd)  # type: ignore[arg-type]

    def about(self, message: VideoIngested) -> tuple[str, int | None]:
        """See `Logic`."""
        request = identity.request_of(message)
        return request.video_id, request.generation

    async def outputs(self, message: VideoIngested, attempt: int) -> AsyncGenerator[Output[Message], None]:
        """See `Logic`."""
        request = identity.request_of(message)
        path, digest = await locate(request, self._bench)
        job = {"path": str(path), "options": request.options.model_dump(mode="json")}
        index, took_ms = 0, 0
        async for found in self._bench.run(self.name, self._job, job, digest, request.fresh_from):
            part = self._adapter.validate_json(found.body)
            took_ms += found.took_ms
            if isinstance(part, ExtractionEnd):
                status: Status = "ok" if part.emitted else "empty"
                header = header_of(request, self.name, END_INDEX, status, None, attempt, took_ms, found.cached)
                end = self._message(header, None, part)
                yield Output(self._target, header, end, index, index, part.duration_ms)
            else:
                header = header_of(request, self.name, index, "ok", None, attempt, found.took_ms, found.cached)
                index += 1
                yield Output(
                    self._target,
                    header,
                    self._message(header, cast(Any, part), None),
                    index,
                    None,
                    self._position(part),
                )

    def failed(self, message: VideoIngested, error: Exception, attempts: int, emitted: int) -> list[Output[Message]]:
        """See `Logic`: an end record without a count, so that the join finishes with what is there."""
        request = identity.request_of(message)
        header = header_of(request, self.name, END_INDEX, "failed", reason_of(error), attempts, 0, cached=False)
        end = ExtractionEnd(item_count=None, emitted=emitted, duration_ms=None, warnings=[])
        return [Output(self._target, header, self._message(header, None, end), emitted, emitted)]


def header_of(
    request: identity.Request,
    stage: str,
    index: int,
    status: Status,
    error: str | None,
    attempt: int,
    took_ms: int,
    cached: bool,
) -> Header:
    """The header of a record that is made from an ingest request."""
    return Header(
        video_id=request.video_id,
        generation=request.generation,
        stage=stage,
        index=index,
        status=status,
        error=error,
        attempt=attempt,
        options=request.options,
        fresh_from=request.fresh_from,
        took_ms=took_ms,
        cached=cached,
    )


async def locate(request: identity.Request, bench: Bench) -> tuple[Path, str]:
    """The local file of a request's source and its SHA-256; see `streams.sources.find`.

    Raises:
        InvalidMessage: also where the options name something that nobody knows: no work is done for such a request.
    """
    await asyncio.to_thread(check_names, request.options, bench.settings)

    gone = threading.Event()

    def on_progress(here: int, total: int | None) -> None:
        if gone.is_set():  # a thread cannot be cancelled: this one ends itself, and what is fetched so far stays
            raise Retryable("The video was cancelled while its source was fetched.")
        bench.moved()

    try:
        return await asyncio.to_thread(
            sources.find, request.uri, bench.settings, wanted=request.source_digest, on_progress=on_progress
        )
    except asyncio.CancelledError:
        gone.set()
        raise


__all__: list[Any] = ["Extractor", "header_of", "locate"]
