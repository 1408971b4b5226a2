"""Both jobs of a second look: one record, either may be off, and a failure of one leaves what the other found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from processors.blobs import BlobStore
from processors.cache import MemoryTier, ResultCache
from processors.enrichment.looked import Looked
from processors.enrichment.written import Copy, Written
from processors.errors import ServiceUnavailable
from schemas.messages import SecondLook, Segments
from streams import codec, topics
from streams.clock import SYSTEM_CLOCK
from streams.logic.enricher import Enricher
from streams.newest import Newest
from streams.settings import Settings
from streams.work import Bench
from tests.unit.streams.test_enricher import INSIGHT, SEGMENT, published, result

OTHER = replace(SEGMENT, segment_id="v-20-29", rank=2, start_ms=20_000, end_ms=29_000, score=0.4)
COPY = Copy(9.0, "a hook", "", "teach", "A better title", "It tells of tides.", ["tides"], 0.7)
WRITTEN = Written({"v-20-29": COPY}, "openai:words", "clips-1", ["words: a note"], 0.02, 1)
LOOKED = Looked({"v-0-9": INSIGHT}, ["second look: a note"], 0.01, 1)


class _Pool:
    """Answers each job, or fails it."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {"look-again": LOOKED, "write-copy": replace(WRITTEN)}
        self.jobs: list[str] = []

    async def run(self, job: str, request: dict[str, Any]) -> AsyncIterator[tuple[bytes, int]]:
        self.jobs.append(job)
        if isinstance(self.answers[job], Exception):
            raise self.answers[job]
        yield orjson.dumps(self.answers[job]), 7


def made(tmp_path: Any, **changes: Any) -> tuple[Enricher, _Pool, Newest]:
    settings = Settings(**{"openai_api_key": "k", "data_dir": tmp_path, "text_backend": "openai"} | changes)
    pool, newest = _Pool(), Newest(settings)
    newest._read.set()
    cache = ResultCache([MemoryTier(9)], SYSTEM_CLOCK.monotonic_s)
    bench = Bench(settings, pool, cache, BlobStore(str(tmp_path)), SYSTEM_CLOCK)  # type: ignore[arg-type]
    return Enricher(bench, newest), pool, newest


def two(**changes: Any) -> Segments:
    both = replace(OTHER, score=0.49)
    return result(segments=[SEGMENT, both], **changes)


async def test_pictures_and_words_are_one_record(tmp_path) -> None:
    pool_of = made(tmp_path, vision_backend="openai")
    enricher, pool, _ = pool_of
    (after,) = await published(enricher, two())
    assert pool.jobs == ["look-again", "write-copy"]
    assert (after.enriched, after.second_look) == (True, None)
    first, second = after.segments
    assert (first.segment_id, first.insight) == ("v-0-9", INSIGHT), "alone among the rated ones, it keeps its place"
    assert (second.title, second.hashtags) == ("A better title", ["tides"])
    assert second.insight is not None
    assert (second.insight.hook, second.insight.intent, second.insight.source) == ("a hook", "teach", "openai:words")
    assert second.reasons[-1].signal == "language_model"
    assert after.missing == ["a note", "second look: a note", "words: a note"]
    assert after.run.costs_usd == {"vision": 0.25, "enricher": 0.03}
    assert after.run.cost_usd == 0.28
    assert after.run.models == ["base", "openai:m", "openai:words"]
    assert after.run.stages[-1].took_ms == 14
    assert codec.decode(topics.SEGMENTS, codec.encode(topics.SEGMENTS, after)) == after


async def test_a_rating_moves_a_segment_and_no_score(tmp_path) -> None:
    enricher, pool, _ = made(tmp_path)
    rated = {"v-0-9": replace(COPY, rating=2.0), "v-20-29": COPY}
    pool.answers["write-copy"] = replace(WRITTEN, copies=rated)
    (after,) = await published(enricher, two())
    # 0.7 * 0.5 + 0.06 = 0.41; 0.7 * 0.49 + 0.27 = 0.613
    assert [(one.segment_id, one.rank, one.score) for one in after.segments] == [
        ("v-20-29", 1, 0.49),
        ("v-0-9", 2, 0.5),
    ]
    still, other, _ = made(tmp_path, text_rank_weight=0.0)
    other.answers["write-copy"] = replace(WRITTEN, copies=rated)
    (unmoved,) = await published(still, two())
    assert [one.segment_id for one in unmoved.segments] == ["v-0-9", "v-20-29"]


@pytest.mark.parametrize(
    ("settings", "vision", "segments", "jobs"),
    [
        ({}, "auto", [SEGMENT], ["write-copy"]),
        ({"vision_backend": "openai"}, "auto", [SEGMENT], ["look-again", "write-copy"]),
        ({"vision_backend": "openai"}, "local", [SEGMENT], ["write-copy"]),
        ({"vision_backend": "openai"}, "auto", [replace(SEGMENT, keyframe_uri=None)], ["write-copy"]),
        ({"vision_backend": "openai"}, "auto", [replace(SEGMENT, text="")], ["look-again"]),
        ({"vision_backend": "openai", "text_backend": "local"}, "auto", [SEGMENT], ["look-again"]),
    ],
    ids=["words", "both", "no pictures wanted", "no pictures there", "nothing said", "no language model"],
)
async def test_which_jobs_run(tmp_path, settings, vision, segments, jobs) -> None:
    enricher, pool, _ = made(tmp_path, **settings)
    look = result().second_look
    assert look is not None
    wish = SecondLook(look.options.model_copy(update={"vision": vision}))
    (after,) = await published(enricher, result(segments=segments, second_look=wish))
    assert (pool.jobs, after.enriched) == (jobs, True)


@pytest.mark.parametrize("job", ["look-again", "write-copy"])
async def test_one_that_the_service_did_not_answer_leaves_the_other(tmp_path, job: str) -> None:
    enricher, pool, _ = made(tmp_path, vision_backend="openai")
    down = "It is down."
    pool.answers[job] = (
        Looked({}, [down], fallback=down) if job == "look-again" else Written({}, "m", notes=[down], fallback=down)
    )
    (after,) = await published(enricher, two())
    insights = [segment.insight is not None for segment in after.segments]
    assert insights == ([False, True] if job == "look-again" else [True, False])
    assert down in after.missing
    await published(enricher, two(generation=2))
    assert pool.jobs == ["look-again", "write-copy", job], "the one that answered is kept, the other asked again"


async def test_one_that_breaks_leaves_the_other(tmp_path) -> None:
    enricher, pool, _ = made(tmp_path, vision_backend="openai")
    pool.answers["write-copy"] = ServiceUnavailable("It broke.")
    with pytest.raises(ServiceUnavailable):
        await published(enricher, two())
    (output,) = enricher.failed(two(), ServiceUnavailable("It broke."), 4, 0)
    assert output.message.segments[0].insight == INSIGHT
    assert output.message.missing == ["a note", "second look: a note", "second look: It broke."]
    assert output.message.run.costs_usd["enricher"] == 0.01
    (again,) = enricher.failed(two(), ServiceUnavailable("It broke."), 4, 0)
    assert again.message.segments == two().segments, "nothing is held for later"


async def test_a_newer_one_that_comes_between_the_jobs_ends_the_look(tmp_path) -> None:
    enricher, pool, newest = made(tmp_path, vision_backend="openai")
    run = pool.run

    async def slow(job: str, request: dict[str, Any]) -> AsyncIterator[tuple[bytes, int]]:
        newest.note(two(revision=3))
        async for output in run(job, request):
            yield output

    pool.run = slow  # type: ignore[method-assign]
    assert await published(enricher, two()) == []
    assert pool.jobs == ["look-again"], "nothing is paid for a result that is overtaken"
