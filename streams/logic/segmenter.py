"""The segmenter: from the joined parts of a video to its ranked segments."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

from pydantic import TypeAdapter

from processors.segments.job import Ranked
from schemas.messages import Header, Run, SecondLook, Segments, StageRun, VideoJoined
from streams import identity
from streams.dead_letters import reason_of
from streams.logic.looks import wants_pictures, wants_words
from streams.metrics.truth import Consistency, observe_errors
from streams.newest import Newest
from streams.topics import SEGMENTS, VIDEO_JOINED
from streams.work import Bench, Output

_RANKED: TypeAdapter[Ranked] = TypeAdapter(Ranked)


class Segmenter:
    """Logic of the segmenter.

    Args:
        bench: pool, cache, settings.
        newest: what is published already.
    """

    name = "segmenter"
    source = VIDEO_JOINED
    reports_invalid = True

    def __init__(self, bench: Bench, newest: Newest) -> None:
        self._bench = bench
        self._newest = newest
        self._consistency = Consistency()
        self._comparing: set[asyncio.Future[float | None]] = set()  # else they would be collected while they run

    def about(self, message: VideoJoined) -> tuple[str, int | None]:
        """See `Logic`. The join has decided between an end and a cancelling that came late; what it says is told.

        What no cancelling stops an erasure does, in the guarded loop.
        """
        return message.video_id, message.generation if message.completeness == "provisional" else None

    async def outputs(self, message: VideoJoined, attempt: int) -> AsyncGenerator[Output[Segments], None]:
        """See `Logic`. A provisional revision without any segment says nothing and is not published.

        Nor is one that is older than what is published: a crash brought its event back.
        """
        if await self._newest.is_behind(message.video_id, (message.generation, message.revision, False)):
            return
        if message.parts_uri is None:
            yield self._output(message, None, message.error, StageRun(self.name, 0, 1, 0))
            return
        job = {"parts_uri": message.parts_uri, "until_ms": message.until_ms}
        inputs = f"{message.parts_uri}:{message.until_ms}"
        async for found in self._bench.run(self.name, "rank", job, inputs, message.fresh_from):
            ranked = _RANKED.validate_json(found.body)
            spent = StageRun(self.name, found.took_ms, 1, int(found.cached))
            if message.completeness != "provisional" or ranked.segments:
                result = self._output(message, ranked, message.error, spent)
                self._consistency.note(result.message, self._newest.held(message.video_id))
                yield result
                self._compare(result.message)
                self._newest.note(result.message)  # published by now, and sooner known here than read back

    def _compare(self, result: Segments) -> None:
        """With what somebody wrote down of the video, on a thread: it is no part of the work."""
        folder = self._bench.settings.truth_dir
        if folder is not None and result.status in ("final", "degraded"):
            work = asyncio.to_thread(observe_errors, result, folder, self._bench.blobs)
            comparing = asyncio.ensure_future(work)
            self._comparing.add(comparing)
            comparing.add_done_callback(self._comparing.discard)

    def failed(self, message: VideoJoined, error: Exception, attempts: int, emitted: int) -> list[Output[Segments]]:
        """See `Logic`: a result that says why there is none."""
        if message.completeness == "provisional":
            return []
        return [self._output(message, None, reason_of(error), StageRun(self.name, 0, 1, 0))]

    def _output(
        self, message: VideoJoined, ranked: Ranked | None, error: str | None, spent: StageRun
    ) -> Output[Segments]:
        status = message.completeness if ranked is not None or message.completeness == "cancelled" else "failed"
        facts = ranked.facts if ranked is not None else None
        notes = ranked.notes if ranked is not None else []
        result = Segments(
            video_id=message.video_id,
            generation=message.generation,
            revision=message.revision,
            enriched=False,
            status=status,
            error=error,
            duration_ms=ranked.duration_ms if ranked is not None else 0,
            title=facts.title if facts is not None else "",
            languages=ranked.languages if ranked is not None else [],
            confidence=ranked.confidence if ranked is not None else 0.0,
            segments=ranked.segments if ranked is not None else [],
            missing=[*message.missing, *notes],
            request_digest=self._request_digest(message, facts.source_digest if facts is not None else None),
            document_uri=ranked.document_uri if ranked is not None else None,
            run=Run(
                stages=[*message.stages, spent],
                models=ranked.models if ranked is not None else [],
                cost_usd=ranked.cost_usd if ranked is not None else 0.0,
                started_at_ms=message.started_at_ms,
                finished_at_ms=self._bench.clock.now_ms(),
                costs_usd=ranked.costs_usd if ranked is not None else {},
            ),
            second_look=self._second_look(message, status, ranked),
            until_ms=message.until_ms,
            suggestions=ranked.suggestions if ranked is not None else [],
        )
        ids = [segment.segment_id for segment in result.segments]
        result = replace(result, changes=self._newest.changes(result.video_id, result.order, ids))
        header = Header(
            video_id=message.video_id,
            generation=message.generation,
            stage=self.name,
            index=message.revision,
            status="failed" if status == "failed" else "ok",
            error=error,
            attempt=1,
            options=message.options,
            fresh_from=message.fresh_from,
            took_ms=spent.took_ms,
            cached=bool(spent.cached),
        )
        return Output(SEGMENTS, header, result, 1, 1, message.until_ms)

    def _second_look(self, message: VideoJoined, status: str, ranked: Ranked | None) -> SecondLook | None:
        """What the enricher goes by; None where no service is asked about the segments, or there are none."""
        settings, segments = self._bench.settings, ranked.segments if ranked is not None else []
        asked = wants_pictures(settings, message.options, segments) or wants_words(settings, segments)
        if not asked or status not in ("final", "degraded"):
            return None
        return SecondLook(message.options, message.fresh_from)

    def _request_digest(self, message: VideoJoined, source_digest: str | None) -> str | None:
        if source_digest is None:
            return None
        settings = self._bench.settings
        return identity.request_digest(source_digest, message.options, settings.steering)
