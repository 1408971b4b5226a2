"""Files through the pipeline's own jobs in its own children, without the broker: our side of `clipstream bench asr`.

One extractor decodes, finds the speech and stores chunks; as many transcribers as the settings have workers recognise
them, each with as many threads as the settings say. Nothing is cached.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import psutil

from processors.domain import Span
from streams.pool import ChildPool
from streams.settings import Settings


@dataclass
class Heard:
    """What came of one file.

    Attributes:
        seconds: from the file to the last word.
        processor_seconds: of all children in that time.
        chunks: bounds, in time order.
        transcripts: `ChunkTranscript` as JSON, in time order.
    """

    seconds: float
    processor_seconds: float
    chunks: list[Span] = field(default_factory=list)
    transcripts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def utterances(self) -> list[dict[str, Any]]:
        """All of them in time order."""
        return [spoken for transcript in self.transcripts for spoken in transcript["utterances"]]

    @property
    def text(self) -> str:
        """All words."""
        return " ".join(spoken["text"] for spoken in self.utterances)

    @property
    def dropped(self) -> list[dict[str, Any]]:
        """Text that was not believed."""
        return [text for transcript in self.transcripts for text in transcript["dropped"]]


class Listeners:
    """The children of both stages.

    Args:
        settings: data folder, models, workers and threads.
    """

    def __init__(self, settings: Settings) -> None:
        self._extractors = ChildPool(1, settings, "audio-extractor")
        self._transcribers = ChildPool(settings.workers, settings, "transcriber")

    async def hear(self, path: Path, options: dict[str, Any]) -> Heard:
        """Run one file through both stages."""
        started, before = time.perf_counter(), _processor_s()
        waiting: list[asyncio.Task[dict[str, Any]]] = []
        chunks: list[Span] = []
        request = {"path": str(path), "options": options}
        async for body, _ in self._extractors.run("extract-audio", request):
            output = orjson.loads(body)
            if "blob_uri" in output:
                chunks.append(Span(output["start_ms"], output["end_ms"]))
                waiting.append(asyncio.create_task(self._transcribe(output, options)))
        transcripts = list(await asyncio.gather(*waiting))
        return Heard(time.perf_counter() - started, _processor_s() - before, chunks, transcripts)

    async def _transcribe(self, chunk: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        async for body, _ in self._transcribers.run("transcribe", {"item": chunk, "options": options}):
            found.append(orjson.loads(body))
        return found[0]

    async def start(self) -> None:
        """Start the children and load their models."""
        await self._extractors.warm()
        await self._transcribers.warm()

    async def stop(self) -> None:
        """End the children."""
        await self._extractors.stop()
        await self._transcribers.stop()


@asynccontextmanager
async def listening(settings: Settings, warm_up: Path, options: dict[str, Any]) -> AsyncIterator[Listeners]:
    """Children that have heard a first file, so that every model is loaded before the clock starts."""
    listeners = Listeners(settings)
    await listeners.start()
    try:
        await listeners.hear(warm_up, options)
        yield listeners
    finally:
        await listeners.stop()


def children() -> list[int]:
    """Process ids of all children."""
    return [child.pid for child in psutil.Process().children()]


def _processor_s() -> float:
    total = 0.0
    for child in psutil.Process().children():
        times = child.cpu_times()
        total += times.user + times.system
    return total


__all__ = ["Heard", "Listeners", "children", "listening"]
