"""Twenty runs with the parts of a video in other orders, content lost at will: the same result to the byte."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from processors.blobs import BlobStore
from processors.content.understanding import understand_chunk
from processors.domain import ChunkContent, ExtractionEnd
from processors.models.store import ModelStore
from processors.options import Options
from processors.segments.job import rank_parts
from processors.segments.parts import Parts, dump_json
from processors.tools import Tools
from schemas.messages import (
    END_INDEX,
    ContentResultMessage,
    Header,
    TranscriptMessage,
    VideoMetadataMessage,
    VisionResultMessage,
)
from streams import topics
from streams.settings import Settings
from tests.unit.content.helpers import COOKING, SPACE, spoken
from tests.unit.join.records import Raw, raw
from tests.unit.join.world import World
from tests.unit.segments.builders import chunk, frame, parts, shots_at

RUNS = 20


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Tools:
    folder = tmp_path_factory.mktemp("blobs")
    return Tools(BlobStore(str(folder)), ModelStore(None, Settings().cache_dir), 1, None, folder)


@pytest.fixture(scope="module")
def video() -> Parts:
    """Six chunks, one sentence of which goes on in the next one, and as many batches."""
    said = spoken(
        COOKING, SPACE, f"{COOKING} At last you have to", "wash the dishes. That is all.", SPACE, "Thank you!"
    )
    end_ms = said[-1].end_ms + 500
    whole = parts(end_ms, [chunk(each) for each in said], [], [])
    batches = []
    for each in said:
        made = parts(end_ms, [], [frame(each.start_ms + 1_000)], shots_at(each.start_ms, each.end_ms))
        batches += made.batches
    return Parts("v", Options(), whole.facts, whole.transcripts, batches, end_ms)


@pytest.fixture(scope="module")
def contents(video: Parts, tools: Tools) -> list[ChunkContent]:
    return [understand_chunk(each, tools) for each in video.transcripts]


def header(stage: str, index: int, status: Any = "ok") -> Header:
    error = "it was too much" if status == "failed" else None
    return Header("v", 0, stage, index, status, error, 1, Options(), None, 3, False)


def records(video: Parts, contents: list[ChunkContent], chance: random.Random) -> list[Raw]:
    """All records of the video in any order, some of them twice, some content failed."""
    found = [raw(topics.VIDEO_METADATA, VideoMetadataMessage(header("metadata", 0), video.facts))]
    for index, transcript in enumerate(video.transcripts):
        found.append(raw(topics.TRANSCRIPT, TranscriptMessage(header("transcriber", index), transcript, None)))
        status = chance.choice(["ok", "ok", "failed"])
        understood = contents[index] if status == "ok" else None
        message = ContentResultMessage(header("content", index, status), understood, None)
        found.append(raw(topics.CONTENT_RESULT, message))
    for index, batch in enumerate(video.batches):
        found.append(raw(topics.VISION_RESULT, VisionResultMessage(header("vision", index), batch, None)))
    for spec, kind, count in (
        (topics.TRANSCRIPT, TranscriptMessage, len(video.transcripts)),
        (topics.CONTENT_RESULT, ContentResultMessage, len(contents)),
        (topics.VISION_RESULT, VisionResultMessage, len(video.batches)),
    ):
        end = ExtractionEnd(count, count, video.audio_duration_ms, [])
        found.append(raw(spec, kind(header(spec.name, END_INDEX), None, end)))
    found += chance.sample(found, 4)
    chance.shuffle(found)
    return found


def test_twenty_orders_of_arrival_give_the_same_bytes(video, contents, tools):
    wanted = dump_json(rank_parts(tools.blobs.put(video.to_json()), None, tools))
    lost, early = set(), 0
    for seed in range(RUNS):
        world = World()
        for one in records(video, contents, random.Random(seed)):
            asyncio.run(world.take(one))
        (final,) = [joined for joined in world.emitted if joined.completeness == "final"]
        assert world.emitted[-1] == final
        assert final.missing == []
        blob = world.blobs[final.parts_uri]
        lost.add(len(contents) - len(Parts.from_json(blob).contents))
        early += len(world.emitted) - 1
        assert dump_json(rank_parts(tools.blobs.put(blob), None, tools)) == wanted
    assert len(lost) > 1, "each has the same content: nothing was tried"
    assert early > 0, "no run had an early result"


def test_early_results_of_one_mark_are_the_same_in_any_order(video, contents, tools):
    """What arrived beyond the mark does not show in them."""
    seen: dict[int, set[bytes]] = {}
    for seed in range(RUNS):
        world = World()
        for one in records(video, contents, random.Random(100 + seed)):
            asyncio.run(world.take(one))
        for joined in world.emitted[:-1]:
            uri = tools.blobs.put(world.blobs[joined.parts_uri])
            seen.setdefault(joined.until_ms, set()).add(dump_json(rank_parts(uri, joined.until_ms, tools)))
    assert seen
    assert all(len(made) == 1 for made in seen.values())
