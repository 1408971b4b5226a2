"""The content stage, with a real child: what passes on, what is computed, what is answered by the cache."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from processors.blobs import BlobStore
from processors.cache import MemoryTier, ResultCache
from processors.domain import ChunkContent, ChunkTranscript, ExtractionEnd
from processors.errors import Retryable
from processors.options import Options
from schemas.messages import END_INDEX, ContentResultMessage, Header, TranscriptMessage
from streams import codec
from streams.clock import SYSTEM_CLOCK
from streams.logic.item import ItemStage
from streams.pool import ChildPool
from streams.settings import Settings
from streams.topics import CONTENT_RESULT, TRANSCRIPT
from streams.work import Bench
from tests.unit.segments.builders import chunk, utterance

HEADER = Header("v", 2, "transcriber", 5, "ok", None, 1, Options(profile="fast"), None, 900, False)
Stage = ItemStage[TranscriptMessage, ContentResultMessage]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    settings = Settings(data_dir=tmp_path)
    pool = ChildPool(1, settings, "content")
    cache = ResultCache([MemoryTier(9)], SYSTEM_CLOCK.monotonic_s)
    bench = Bench(settings, pool, cache, BlobStore(str(tmp_path)), SYSTEM_CLOCK)
    yield ItemStage("content", TRANSCRIPT, CONTENT_RESULT, "understand", ChunkContent, ContentResultMessage, bench)
    await pool.stop()


async def made(stage: Stage, message: TranscriptMessage) -> ContentResultMessage:
    (output,) = [output async for output in stage.outputs(message, 1)]
    assert output.spec is CONTENT_RESULT
    assert codec.decode(CONTENT_RESULT, codec.encode(CONTENT_RESULT, output.message)) == output.message
    return output.message


async def test_the_sentences_of_a_chunk_and_once_more_from_the_cache(stage):
    words = TranscriptMessage(HEADER, chunk(utterance("Who was it? Then Angela Merkel came to the house.")), None)
    found = await made(stage, words)
    assert (found.header.stage, found.header.index, found.header.status) == ("content", 5, "ok")
    assert (found.header.generation, found.header.options) == (2, HEADER.options)
    assert [sentence.text for sentence in found.item.sentences] == [
        "Who was it?", "Then Angela Merkel came to the house.",
    ]  # fmt: skip
    assert [sentence.hooks for sentence in found.item.sentences] == [["question"], []]
    assert [sentence.names for sentence in found.item.sentences] == [[], ["Angela Merkel"]]
    again = await made(stage, words)
    assert (found.header.cached, again.header.cached) == (False, True)
    assert again.item == found.item
    anew = await made(stage, replace(words, header=replace(HEADER, fresh_from="content")))
    assert (anew.header.cached, anew.item) == (False, found.item)


async def test_a_chunk_without_words_is_ok_and_has_no_sentences(stage):
    silent = ChunkTranscript(1_000, 9_000, 0, None, None, [], [], "none")
    found = await made(stage, TranscriptMessage(HEADER, silent, None))
    assert (found.header.status, found.item) == ("ok", ChunkContent(1_000, 9_000, []))


async def test_a_failed_chunk_and_the_end_pass_on(stage):
    broken = replace(HEADER, status="failed", error="it cannot be read")
    found = await made(stage, TranscriptMessage(broken, None, None))
    assert found == ContentResultMessage(replace(broken, stage="content"), None, None)
    end = ExtractionEnd(6, 6, 90_000, [])
    found = await made(stage, TranscriptMessage(replace(HEADER, index=END_INDEX), None, end))
    assert (found.header.index, found.header.stage, found.end) == (END_INDEX, "content", end)


def test_what_it_gives_up_is_told_downstream(stage):
    words = TranscriptMessage(HEADER, chunk(utterance("Who was it?")), None)
    (output,) = stage.failed(words, Retryable("The child died."), 3, 0)
    assert (output.header.status, output.header.stage, output.header.attempt) == ("failed", "content", 3)
    assert output.message.item is None
