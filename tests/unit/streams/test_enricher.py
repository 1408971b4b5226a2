"""Which results the enricher looks at, what it publishes of them, and what never comes after a newer one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from processors.blobs import BlobStore
from processors.cache import MemoryTier, ResultCache
from processors.domain import Insight, Label, Segment
from processors.enrichment.looked import Looked
from processors.errors import ServiceUnavailable
from processors.options import Options
from schemas.messages import Run, SecondLook, Segments, StageRun
from streams import codec, topics
from streams.clock import SYSTEM_CLOCK
from streams.logic.enricher import Enricher
from streams.newest import Newest
from streams.settings import Settings
from streams.work import Bench

SEGMENT = Segment("v-0-9", 1, 0, 9_000, 0.5, 0.5, "title", "text", [], "blob:1")
INSIGHT = Insight("It is about tides.", [Label("tides", 0.9)], 0.8, "openai:m", "moments-1")
RUN = Run([StageRun("segmenter", 5, 1, 0)], ["base"], 0.25, 1, 2, {"vision": 0.25})


class _Pool:
    """Gives one answer, and counts."""

    def __init__(self, looked: Looked) -> None:
        self.looked, self.requests = looked, []

    async def run(self, job: str, request: dict[str, Any]) -> AsyncIterator[tuple[bytes, int]]:
        assert job == "look-again"
        self.requests.append(request)
        yield orjson.dumps(self.looked), 7


def result(**changes: Any) -> Segments:
    made = Segments(
        "v", 1, 2, False, "final", None, 9_000, "title", ["en"], 0.5, [SEGMENT], ["a note"], "d", "blob:0", RUN,
        SecondLook(Options(budget_usd=1.0)),
    )  # fmt: skip
    return replace(made, **changes)


@pytest.fixture
def made(tmp_path) -> tuple[Enricher, _Pool, Newest]:
    settings = Settings(vision_backend="openai", openai_api_key="k", data_dir=tmp_path)
    pool = _Pool(Looked({"v-0-9": INSIGHT}, ["second look: a note"], 0.01, 1))
    cache = ResultCache([MemoryTier(9)], SYSTEM_CLOCK.monotonic_s)
    newest = Newest(settings)
    newest._read.set()
    bench = Bench(settings, pool, cache, BlobStore(str(tmp_path)), SYSTEM_CLOCK)  # type: ignore[arg-type]
    return Enricher(bench, newest), pool, newest


async def published(enricher: Enricher, message: Segments) -> list[Segments]:
    return [output.message async for output in enricher.outputs(message, 1)]


@pytest.mark.parametrize("status", ["final", "degraded"])
async def test_a_result_is_published_again_with_what_the_service_said(made, status) -> None:
    enricher, pool, _ = made
    before = result(status=status)
    assert enricher.about(before) == ("v", 1)
    (after,) = await published(enricher, before)
    assert after.order == (1, 2, True)
    assert after.order > before.order
    assert (after.status, after.second_look) == (status, None)
    assert after.segments == [replace(SEGMENT, insight=INSIGHT)]
    assert after.missing == ["a note", "second look: a note"]
    assert after.run.cost_usd == 0.26
    assert after.run.costs_usd == {"vision": 0.25, "enricher": 0.01}
    assert after.run.models == ["base", "openai:m"]
    assert after.run.stages[-1] == StageRun("enricher", 7, 1, 0)
    assert pool.requests[0]["options"]["budget_usd"] == 1.0
    assert codec.decode(topics.SEGMENTS, codec.encode(topics.SEGMENTS, after)) == after


async def test_the_same_result_of_another_generation_is_answered_by_the_cache(made) -> None:
    enricher, pool, _ = made
    await published(enricher, result())
    (again,) = await published(enricher, result(generation=2))
    assert len(pool.requests) == 1
    assert again.run.stages[-1] == StageRun("enricher", 0, 1, 1)
    (fresh,) = await published(enricher, result(generation=3, second_look=SecondLook(Options(), "vision")))
    assert len(pool.requests) == 2
    assert fresh.segments[0].insight == INSIGHT


async def test_what_the_service_did_not_answer_is_published_and_not_kept(made) -> None:
    enricher, pool, _ = made
    pool.looked = Looked({}, ["second look: 1 of 1 segments have none. It is down."], fallback="It is down.")
    (after,) = await published(enricher, result())
    assert (after.order, after.segments[0].insight) == ((1, 2, True), None)
    assert after.missing[-1].endswith("It is down.")
    await published(enricher, result(generation=2))
    assert len(pool.requests) == 2, "a replay asks again"


@pytest.mark.parametrize(
    "changes",
    [
        {"second_look": None, "enriched": True},
        {"second_look": None},
        {"second_look": None, "status": "provisional"},
        {"second_look": None, "status": "failed", "document_uri": None},
        {"second_look": None, "status": "cancelled", "document_uri": None},
    ],
    ids=["its own", "not asked for", "provisional", "failed", "cancelled"],
)
async def test_what_is_passed_by(made, changes) -> None:
    enricher, pool, _ = made
    assert await published(enricher, result(**changes)) == []
    assert enricher.failed(result(**changes), ServiceUnavailable("no"), 1, 0) == []
    assert pool.requests == []


@pytest.mark.parametrize("known", [{"enriched": True}, {"revision": 3}, {"generation": 2, "revision": 1}])
async def test_nothing_comes_after_a_newer_one(made, known) -> None:
    enricher, pool, newest = made
    newest.note(result(**known))
    assert await published(enricher, result()) == []
    assert enricher.failed(result(), ServiceUnavailable("no"), 1, 0) == []
    assert pool.requests == [], "nor is anything paid for it"


async def test_a_newer_one_that_comes_during_the_look_stays_the_last(made) -> None:
    enricher, pool, newest = made
    run = pool.run

    async def slow(job: str, request: dict[str, Any]) -> AsyncIterator[tuple[bytes, int]]:
        newest.note(result(revision=3))
        async for output in run(job, request):
            yield output

    pool.run = slow
    assert await published(enricher, result()) == []
    assert len(pool.requests) == 1


async def test_a_newer_one_that_was_overtaken_is_published_once_more(made) -> None:
    """Topic: final 2, failed 3, enriched 2. The topic keeps the last record of a video, and that must be the failed."""
    enricher, _, newest = made
    await published(enricher, result())  # nobody knew of revision 3 yet
    failed = result(revision=3, status="failed", document_uri=None, second_look=None)
    assert await published(enricher, failed) == [failed]
    newest.note(failed)
    assert await published(enricher, result(enriched=True, second_look=None)) == [], "its own"
    assert await published(enricher, failed) == [], "as it comes back"


async def test_one_that_came_in_order_is_not_repeated(made) -> None:
    enricher, _, _ = made
    (own,) = await published(enricher, result())
    assert await published(enricher, own) == []
    assert await published(enricher, result(revision=3, status="failed", second_look=None)) == []


async def test_a_look_that_fails_says_so(made) -> None:
    enricher, _, _ = made
    (output,) = enricher.failed(result(), ServiceUnavailable("It broke."), 4, 0)
    assert output.message.order == (1, 2, True)
    assert output.message.missing == ["a note", "second look: It broke."]
    assert output.message.segments == [SEGMENT]
    assert enricher.failed(result(), ServiceUnavailable("It broke."), 4, 1) == [], "the enriched one is out"


async def test_a_cancelled_video_has_no_second_look_and_keeps_its_result(made) -> None:
    enricher, _, _ = made
    assert enricher.about(result()) == ("v", 1)
    assert enricher.about(result(second_look=None)) == ("v", None)
