"""What a stage's logic is given and gives: cached jobs in, outputs with their progress out."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import orjson

from processors.blobs import BlobStore
from processors.cache import ResultCache
from processors.parameters import parameters, relevant
from schemas.messages import Header
from streams import identity, tracing
from streams.clock import Clock
from streams.codec import to_wire
from streams.pool import Pool
from streams.settings import Settings
from streams.topics import TopicSpec

M = TypeVar("M")
In = TypeVar("In")

_BLOB_URI: Final = re.compile(rb"blob:[0-9a-f]{64}")
# In the JSON of what another way made than the one that was asked for, as a service was down: not what the key names.
# Within a text the quotes would be escaped.
_STOOD_IN: Final = b'"fallback":"'
# Stages whose output depends on the key's: a fresh replay from a stage computes it and these anew.
BEHIND: Final[dict[str, frozenset[str]]] = {
    "all": frozenset(
        {"metadata", "audio-extractor", "frame-extractor", "transcriber", "vision", "content", "segmenter", "enricher"}
    ),
    "metadata": frozenset({"metadata", "segmenter", "enricher"}),
    "audio-extractor": frozenset({"audio-extractor", "transcriber", "content", "segmenter", "enricher"}),
    "frame-extractor": frozenset({"frame-extractor", "vision", "segmenter", "enricher"}),
    "transcriber": frozenset({"transcriber", "content", "segmenter", "enricher"}),
    "vision": frozenset({"vision", "segmenter", "enricher"}),
    "content": frozenset({"content", "segmenter", "enricher"}),
    "segmenter": frozenset({"segmenter", "enricher"}),
    "enricher": frozenset({"enricher"}),
}


@dataclass(frozen=True, slots=True)
class Output(Generic[M]):
    """A record to publish, and what to tell about it."""

    spec: TopicSpec[M]
    header: Header  # identity of the record; for records without a header, of the work that made it
    message: M
    done: int = 1
    total: int | None = None
    position_ms: int | None = None


class Logic(Protocol[In]):
    """What one stage does with a message; the guarded loop of `streams.stage` does the rest."""

    name: str
    source: TopicSpec[In]
    reports_invalid: bool  # whether this stage dead-letters messages that it cannot read

    def about(self, message: In) -> tuple[str, int | None]:
        """Video and generation of the message; None for what no cancelling stops. Raises `InvalidMessage`."""
        ...

    def outputs(self, message: In, attempt: int) -> AsyncGenerator[Output[Any], None]:
        """Compute; yields records to publish in order. Raises the classes of `processors.errors`."""
        ...

    def failed(self, message: In, error: Exception, attempts: int, emitted: int) -> list[Output[Any]]:
        """What tells the stages behind that nothing more will come for this message."""
        ...


@dataclass(frozen=True, slots=True)
class JobOutput:
    """One output of a job, as JSON."""

    body: bytes
    cached: bool
    took_ms: int


@dataclass(frozen=True)
class Bench:
    """What logic works with.

    Args:
        settings: of this worker.
        pool: children that run jobs.
        cache: the result cache; without tiers it never hits.
        blobs: the blob store, to see whether cached outputs still stand, and to keep them.
        clock: for timings.
        moved: tells whoever watches over the worker that a long piece of work goes on.
    """

    settings: Settings
    pool: Pool
    cache: ResultCache
    blobs: BlobStore
    clock: Clock
    moved: Callable[[], None] = lambda: None

    async def run(
        self, stage: str, job: str, request: dict[str, Any], inputs: str, fresh_from: str | None
    ) -> AsyncIterator[JobOutput]:
        """Run a job, or answer from the result cache.

        Args:
            stage: whose cache and version count.
            job: name in `processors.jobs`.
            request: JSON-able; what of it decides the output must be in `inputs` or in its `options`, of which the job
                is given those that steer its stage.
            inputs: hash of the input's content.
            fresh_from: skip reading the cache when this stage is there or behind it.
        """
        of = self.settings
        # recordings of enrolled people are read when they have changed
        steering = of.steering if of.voices_dir is None else await asyncio.to_thread(lambda: of.steering)
        options = relevant(stage, request.get("options", {}), steering)
        steered = parameters(stage, options, steering)
        key = identity.cache_key(stage, steered, inputs)
        if fresh_from is None or stage not in BEHIND.get(fresh_from, frozenset()):
            # on a thread: a tier may be slow, and heartbeats go on
            kept = await asyncio.to_thread(self._find, stage, key)
            if kept is not None:
                span = tracing.compute(job)
                span.set_attribute("cached", True)
                span.end()
                for body in kept:
                    yield JobOutput(body, cached=True, took_ms=0)
                return
        outputs: list[bytes] = []
        span = tracing.compute(job)
        try:
            async for body, took_ms in self.pool.run(job, {**request, "options": options}):
                outputs.append(body)
                yield JobOutput(body, cached=False, took_ms=took_ms)
        finally:
            span.end()
        if not any(_STOOD_IN in body for body in outputs):
            await asyncio.to_thread(self.cache.put, stage, key, outputs)

    def _find(self, stage: str, key: str) -> list[bytes] | None:
        """What the cache holds, if every blob that it names is still in the store; gc takes these for new ones."""
        kept = self.cache.get(stage, key)
        if kept is None:
            return None
        uris = {match.decode() for body in kept for match in _BLOB_URI.findall(body)}
        return kept if all(self.blobs.touch(uri) for uri in uris) else None


def hash_of(value: Any) -> str:
    """Hash of a message part, for cache keys."""
    return hashlib.sha256(orjson.dumps(to_wire(value), option=orjson.OPT_SORT_KEYS)).hexdigest()
