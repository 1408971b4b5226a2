"""Nothing older than what is published is published after it."""

from __future__ import annotations

import asyncio

from schemas.messages import Run, Segments
from streams.newest import Newest
from streams.settings import Settings


def result(generation: int, revision: int, enriched: bool = False) -> Segments:
    run = Run(stages=[], models=[], cost_usd=0.0, started_at_ms=0, finished_at_ms=0)
    return Segments(
        video_id="v", generation=generation, revision=revision, enriched=enriched, status="final", error=None,
        duration_ms=0, title="", languages=[], confidence=0.0, segments=[], missing=[], request_digest=None,
        document_uri=None, run=run,
    )  # fmt: skip


async def test_older_ones_are_behind_and_the_same_one_may_be_repeated(tmp_path):
    newest = Newest(Settings(data_dir=tmp_path))
    newest._read.set()
    assert not await newest.is_behind("v", (0, 1, False))
    newest.note(result(0, 2))
    newest.note(result(0, 1))  # what comes late does not lower it
    assert await newest.is_behind("v", (0, 1, False))
    assert not await newest.is_behind("v", (0, 2, False))
    assert not await newest.is_behind("v", (0, 3, False))
    newest.note(result(0, 2, enriched=True))
    assert await newest.is_behind("v", (0, 2, False)), "else a crash brings the one without back, as the last one"
    assert not await newest.is_behind("v", (0, 2, True))
    newest.note(result(1, 1))
    assert await newest.is_behind("v", (0, 3, False))
    assert not await newest.is_behind("another", (0, 1, False))


async def test_nothing_is_said_before_the_topic_is_read(tmp_path):
    newest = Newest(Settings(data_dir=tmp_path))
    asked = asyncio.create_task(newest.is_behind("v", (0, 1, False)))
    await asyncio.sleep(0)
    assert not asked.done()
    newest._read.set()
    assert await asked is False
