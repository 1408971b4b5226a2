"""Stages that turn one item into one result: transcriber, vision, content.

Ends and failures of the stage before pass on.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from schemas.messages import (
    AudioChunkMessage,
    ContentResultMessage,
    FrameBatchMessage,
    TranscriptMessage,
    VisionResultMessage,
)
from streams import metrics
from streams.codec import to_wire
from streams.dead_letters import reason_of
from streams.topics import TopicSpec
from streams.work import Bench, Output, hash_of

In = TypeVar("In", AudioChunkMessage, FrameBatchMessage, TranscriptMessage)
Out = TypeVar("Out", TranscriptMessage, VisionResultMessage, ContentResultMessage)


class ItemStage(Generic[In, Out]):
    """Logic of an item stage.

    Args:
        name: of the stage.
        source: topic of the items.
        target: topic of the results.
        job: name in `processors.jobs`.
        result: class of the results.
        message: class of the target's messages.
        bench: pool, cache, settings.
        reports_invalid: whether it dead-letters what it cannot read; one of those that read a topic does.
    """

    def __init__(
        self,
        name: str,
        source: TopicSpec[In],
        target: TopicSpec[Out],
        job: str,
        result: type[Any],
        message: type[Out],
        bench: Bench,
        *,
        reports_invalid: bool = True,
    ) -> None:
        self.name = name
        self.reports_invalid = reports_invalid
        self.source: TopicSpec[In] = source
        self._target: TopicSpec[Out] = target
        self._job = job
        self._message: type[Out] = message
        self._bench = bench
        self._adapter: TypeAdapter[Any] = TypeAdapter(result)

    def about(self, message: In) -> tuple[str, int | None]:
        """See `Logic`."""
        return message.header.video_id, message.header.generation

    async def outputs(self, message: In, attempt: int) -> AsyncGenerator[Output[Out], None]:
        """See `Logic`."""
        header = message.header
        if message.item is None:
            passed = header.passed_on(self.name)
            total = message.end.emitted if message.end is not None else None
            yield Output(self._target, passed, self._message(passed, None, message.end), 0, total)
            return
        job = {"item": to_wire(message.item), "options": header.options.model_dump(mode="json")}
        async for found in self._bench.run(self.name, self._job, job, hash_of(message.item), header.fresh_from):
            result = self._adapter.validate_json(found.body)
            cost_usd = getattr(result, "cost_usd", None)
            if cost_usd is not None:  # of a stage that may ask a service
                metrics.count_service(self.name, cost_usd, getattr(result, "fallback", None), cached=found.cached)
            made = replace(
                header, stage=self.name, attempt=attempt, took_ms=found.took_ms, cached=found.cached, status="ok"
            )
            yield Output(
                self._target, made, self._message(made, result, None), 1, None, getattr(result, "end_ms", None)
            )

    def failed(self, message: In, error: Exception, attempts: int, emitted: int) -> list[Output[Out]]:
        """See `Logic`."""
        header = replace(
            message.header,
            stage=self.name,
            status="failed",
            error=reason_of(error),
            attempt=attempts,
            took_ms=0,
            cached=False,
        )
        return [Output(self._target, header, self._message(header, None, message.end), 1)]
