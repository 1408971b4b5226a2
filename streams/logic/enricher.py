"""The enricher: the best segments of a last result shown to the vision service again, with the words around them.

It reads the topic that it writes. What it does with a result follows from the result alone:

::

    asks for a second look, no newer one is published    looked at, published as (generation, revision, enriched)
    its enriched one is published                        passed by: a crash brought it back
    a newer one is published                             passed by, before the look and after it
    its own, provisional, failed, cancelled, no wish     passed by
    the same, and it lies before our own older one       published once more

The last row is what can happen between the look at what is published and the publishing: readers take the highest, but
the topic is compacted, and keeps the last. A result that asks for a look is followed by its own enriched one.

A look always ends in an enriched record: where the service did not answer it has the segments as they were, and says
why. So whoever waits for it is not left waiting, and a replay asks again for what is missing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from pydantic import TypeAdapter

from processors.enrichment.looked import Looked
from processors.options import Options
from schemas.messages import Header, Segments, StageRun
from streams import metrics
from streams.codec import to_wire
from streams.dead_letters import reason_of
from streams.newest import Newest, Order
from streams.topics import SEGMENTS
from streams.work import Bench, Output, hash_of

_LOOKED: TypeAdapter[Looked] = TypeAdapter(Looked)


class Enricher:
    """Logic of the enricher.

    Args:
        bench: pool, cache, settings.
        newest: what is published already.
    """

    name = "enricher"
    source = SEGMENTS
    # No request, and nobody's loss: a result that is erased is a record without a value.
    reports_invalid = False

    def __init__(self, bench: Bench, newest: Newest) -> None:
        self._bench = bench
        self._newest = newest
        self._sent: dict[str, Order] = {}  # published here and not read back yet

    def about(self, message: Segments) -> tuple[str, int | None]:
        """See `Logic`. A result is there whatever is cancelled; a look at it need not be."""
        return message.video_id, message.generation if message.second_look is not None else None

    async def outputs(self, message: Segments, attempt: int) -> AsyncGenerator[Output[Segments], None]:
        """See `Logic`."""
        look, sent = message.second_look, self._sent.get(message.video_id)
        if sent is not None and message.order >= sent:
            del self._sent[message.video_id]
            if message.order > sent and look is None:
                yield self._published(message, StageRun(self.name, 0, 1, 0), attempt, Options())
        if look is None or message.document_uri is None or await self._is_through(message):
            return
        inputs = {
            "segments": to_wire(message.segments),
            "document_uri": message.document_uri,
            "languages": message.languages,
        }
        job = {**inputs, "options": look.options.model_dump(mode="json")}
        async for found in self._bench.run(self.name, "look-again", job, hash_of(inputs), look.fresh_from):
            looked = _LOOKED.validate_json(found.body)
            if not found.cached:
                metrics.SERVICE_COST.labels(self.name).inc(looked.cost_usd)
                metrics.STAND_INS.labels(self.name).inc(looked.fallback is not None)
            if await self._is_through(message):
                return
            spent = StageRun(self.name, found.took_ms, 1, int(found.cached))
            result = self._enriched(message, looked, spent)
            yield self._published(result, spent, attempt, look.options)
            self._sent[message.video_id] = result.order
            self._newest.note(result)  # published by now, and sooner known here than read back

    def failed(self, message: Segments, error: Exception, attempts: int, emitted: int) -> list[Output[Segments]]:
        """See `Logic`: the result as it was, and why nothing came of the look."""
        look = message.second_look
        if look is None or emitted or self._newest.knows_newer(message.video_id, message.order):
            return []
        spent = StageRun(self.name, 0, 1, 0)
        result = self._enriched(message, Looked({}, [f"second look: {reason_of(error)}"]), spent)
        self._sent[message.video_id] = result.order
        return [self._published(result, spent, attempts, look.options)]

    async def _is_through(self, message: Segments) -> bool:
        """Whether an enriched one of this revision, or a newer one, is published."""
        return await self._newest.is_behind(message.video_id, message.order)

    def _enriched(self, message: Segments, looked: Looked, spent: StageRun) -> Segments:
        run = message.run
        costs = {**run.costs_usd, self.name: looked.cost_usd} if looked.cost_usd > 0.0 else run.costs_usd
        sources = {insight.source for insight in looked.insights.values()}
        return replace(
            message,
            enriched=True,
            second_look=None,
            segments=[
                replace(segment, insight=looked.insights.get(segment.segment_id)) for segment in message.segments
            ],
            missing=[*message.missing, *looked.notes],
            run=replace(
                run,
                stages=[*run.stages, spent],
                models=sorted({*run.models, *sources}),
                cost_usd=round(run.cost_usd + looked.cost_usd, 6),
                costs_usd=costs,
                finished_at_ms=self._bench.clock.now_ms(),
            ),
        )

    def _published(self, result: Segments, spent: StageRun, attempt: int, options: Options) -> Output[Segments]:
        header = Header(
            video_id=result.video_id,
            generation=result.generation,
            stage=self.name,
            index=result.revision,
            status="ok",
            error=None,
            attempt=attempt,
            options=options,
            fresh_from=None,
            took_ms=spent.took_ms,
            cached=bool(spent.cached),
        )
        return Output(SEGMENTS, header, result, 1, 1)


__all__ = ["Enricher"]
