"""The segmenter compares the last result of a video with what somebody wrote down of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from processors.blobs import BlobStore
from processors.domain import Document, Utterance
from processors.options import Options
from processors.segments.job import Ranked
from schemas.messages import VideoJoined
from streams.clock import SYSTEM_CLOCK
from streams.codec import to_wire
from streams.logic.segmenter import Segmenter
from streams.metrics import registry_of
from streams.newest import Newest
from streams.settings import Settings
from streams.work import JobOutput
from tests.unit.observe.values import value

LIMIT_S = 30.0


@pytest.mark.parametrize(("completeness", "compared"), [("final", 1), ("degraded", 1), ("provisional", 0)])
async def test_the_last_result_is_compared(tmp_path: Path, completeness: Any, compared: int) -> None:
    registry, settings = registry_of("segmenter"), Settings(data_dir=tmp_path, truth_dir=tmp_path)
    blobs = BlobStore(settings.store)
    (tmp_path / "v.txt").write_text("one two three four five", encoding="utf-8")
    spoken = Utterance(0, 900, "one two three four", "en", [], -0.1, 0.0, None)
    uri = blobs.put(orjson.dumps(to_wire(Document(transcript=[spoken]))))
    ranked = Ranked(None, 1_000, ["en"], 0.5, [], [], ["m"], 0.0, uri)

    async def run(*_: Any) -> AsyncIterator[JobOutput]:
        yield JobOutput(orjson.dumps(to_wire(ranked)), cached=False, took_ms=1)

    newest = Newest(settings)
    newest._read.set()
    segmenter = Segmenter(SimpleNamespace(settings=settings, blobs=blobs, clock=SYSTEM_CLOCK, run=run), newest)  # type: ignore[arg-type]
    count, total = (value(registry, f"clipstream_word_error_rate_{what}") for what in ("count", "sum"))
    joined = VideoJoined("v", 0, 1, completeness, "blob:0", None, [], None, Options(), None, 0, [])
    assert len([output async for output in segmenter.outputs(joined, 1)]) == compared, (
        "early ones have no segments here"
    )
    await asyncio.wait_for(asyncio.gather(*segmenter._comparing), LIMIT_S)
    assert value(registry, "clipstream_word_error_rate_count") - count == compared
    assert value(registry, "clipstream_word_error_rate_sum") - total == pytest.approx(0.2 * compared)
