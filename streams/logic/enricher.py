"""The enricher: the best segments of a last result shown to services again, in one look of up to two jobs.

A vision service is shown their pictures with the words around them, a language model is sent their words alone and
rates them. Each job is there where its service is set, has its own entry in the result cache, and leaves what the other
one found when it fails.

It reads the topic that it writes. What it does with a result follows from the result alone:

::

    asks for a second look, no newer one is published    looked at, published as (generation, revision, enriched)
    its enriched one is published                        passed by: a crash brought it back
    a newer one is published                             passed by, before the look and after it
    its own, provisional, failed, cancelled, no wish     passed by
    the same, and it lies before our own older one       published once more

The last row is what can happen between the look at what is published and the publishing: readers take the highest, but
the topic is compacted, and keeps the last. A result that asks for a look is followed by its own enriched one.

A look always ends in an enriched record: where a service did not answer it has the segments as they were, and says
why. So whoever waits for it is not left waiting, and a replay asks again for what is missing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from processors.enrichment.looked import Looked
from processors.enrichment.merged import enriched_segments
from processors.enrichment.written import Written
from processors.options import Options
from schemas.messages import Header, SecondLook, Segments, StageRun
from streams import metrics
from streams.codec import to_wire
from streams.dead_letters import reason_of
from streams.logic.looks import wants_pictures, wants_words
from streams.newest import Newest, Order
from streams.topics import SEGMENTS
from streams.work import Bench, Output, hash_of

A = TypeVar("A", Looked, Written)

_LOOKED: TypeAdapter[Looked] = TypeAdapter(Looked)
_WRITTEN: TypeAdapter[Written] = TypeAdapter(Written)
_LOOK: Final = "look-again"  # jobs of `processors.jobs`
_WRITE: Final = "write-copy"


@dataclass(slots=True)
class _Found:
    """What the jobs of a look came to so far, and what they took."""

    looked: Looked | None = None
    written: Written | None = None
    took_ms: int = 0
    cached: bool = True


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
        self._found: dict[tuple[str, Order], _Found] = {}  # of looks under way

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
        found = self._found[message.video_id, message.order] = _Found()
        words = wants_words(self._bench.settings, message.segments)
        if wants_pictures(self._bench.settings, look.options, message.segments) or not words:
            found.looked = await self._done(_LOOK, _LOOKED, message, look, found)
            if await self._is_through(message):
                return
        if words:
            self._bench.moved()  # each job has the time of an item
            found.written = await self._done(_WRITE, _WRITTEN, message, look, found)
            if await self._is_through(message):
                return
        del self._found[message.video_id, message.order]
        spent = StageRun(self.name, found.took_ms, 1, int(found.cached))
        result = self._enriched(message, found, [], spent)
        yield self._published(result, spent, attempt, look.options)
        self._sent[message.video_id] = result.order
        self._newest.note(result)  # published by now, and sooner known here than read back

    def failed(self, message: Segments, error: Exception, attempts: int, emitted: int) -> list[Output[Segments]]:
        """See `Logic`: the result with what one job found before the other one failed, and why it did."""
        look, found = message.second_look, self._found.pop((message.video_id, message.order), _Found())
        if look is None or emitted or self._newest.knows_newer(message.video_id, message.order):
            return []
        spent = StageRun(self.name, found.took_ms, 1, 0)
        result = self._enriched(message, found, [f"second look: {reason_of(error)}"], spent)
        self._sent[message.video_id] = result.order
        return [self._published(result, spent, attempts, look.options)]

    async def _is_through(self, message: Segments) -> bool:
        """Whether an enriched one of this revision, or a newer one, is published."""
        return await self._newest.is_behind(message.video_id, message.order)

    async def _done(self, job: str, form: TypeAdapter[A], message: Segments, look: SecondLook, found: _Found) -> A:
        """What a job found, or the cache holds of it; what it took is added, what it cost is told to the metrics."""
        inputs: dict[str, Any] = {
            "segments": to_wire(message.segments),
            "document_uri": message.document_uri,
            "languages": message.languages,
        }
        request = {**inputs, "options": look.options.model_dump(mode="json")}
        outputs = self._bench.run(self.name, job, request, hash_of({**inputs, "job": job}), look.fresh_from)
        (output,) = [output async for output in outputs]
        answer = form.validate_json(output.body)
        found.took_ms += output.took_ms
        found.cached = found.cached and output.cached
        metrics.count_service(self.name, answer.cost_usd, answer.fallback, cached=output.cached)
        return answer

    def _enriched(self, message: Segments, found: _Found, notes: list[str], spent: StageRun) -> Segments:
        run, answers = message.run, [answer for answer in (found.looked, found.written) if answer is not None]
        cost_usd = round(sum(answer.cost_usd for answer in answers), 6)
        sources = {insight.source for insight in found.looked.insights.values()} if found.looked is not None else set()
        if found.written is not None and found.written.copies:
            sources.add(found.written.source)
        weight = self._bench.settings.text_rank_weight
        return replace(
            message,
            enriched=True,
            second_look=None,
            segments=enriched_segments(message.segments, found.looked, found.written, weight),
            missing=[*message.missing, *(note for answer in answers for note in answer.notes), *notes],
            run=replace(
                run,
                stages=[*run.stages, spent],
                models=sorted({*run.models, *sources}),
                cost_usd=round(run.cost_usd + cost_usd, 6),
                costs_usd={**run.costs_usd, self.name: cost_usd} if cost_usd > 0.0 else run.costs_usd,
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
