"""What gc keeps: all that a result names, and all that a video under way may need, whatever happens meanwhile."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from processors.blobs import BlobStore
from processors.cache import MemoryTier, ResultCache
from schemas.messages import VideoIngested
from streams import codec, collect, topics
from streams.clock import SYSTEM_CLOCK
from streams.settings import Settings
from streams.work import Bench

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


@dataclass
class World:
    """A store, and topics that are lists."""

    settings: Settings
    records: dict[str, list[Any]] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    erased: dict[str, int] = field(default_factory=dict)
    on_read: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.blobs = BlobStore(self.settings.store)

    def blob(self, name: str, age_s: float) -> str:
        uri = self.blobs.put(name.encode())
        self.age(uri, age_s)
        return uri

    def age(self, uri: str, age_s: float) -> None:
        then = SYSTEM_CLOCK.now_ms() / 1000 - age_s
        os.utime(self.blobs.location(uri).removeprefix("file://"), (then, then))

    def request(self, video_id: str, age_s: float, generation: int = 0, uri: str | None = None) -> None:
        request = VideoIngested(uri=uri or f"/{video_id}.mp4", video_id=video_id, generation=generation)
        value = codec.encode(topics.VIDEO_INGESTED, request)
        self._add(topics.VIDEO_INGESTED, None, value, SYSTEM_CLOCK.now_ms() / 1000 - age_s)

    def names(self, spec: topics.TopicSpec[Any], key: str, uri: str) -> None:
        self._add(spec, key.encode(), uri.encode(), 0)

    def _add(self, spec: topics.TopicSpec[Any], key: bytes | None, value: bytes, at_s: float) -> None:
        one = SimpleNamespace(key=key, value=value, timestamp=int(at_s * 1000))
        self.records.setdefault(spec.name, []).append(one)

    def end(self, video_id: str, status: str = "final", generation: int = 0) -> None:
        self.states[video_id] = SimpleNamespace(generation=generation, status=status, document_uri=None)

    async def gc(self, days: float) -> collect.Collected:
        return await collect.collect(self.settings, older_than_s=days * DAY_S, whole_cache=False, dry_run=False)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(Settings(data_dir=tmp_path))

    async def read_records(_: Settings, spec: topics.TopicSpec[Any]) -> AsyncIterator[Any]:
        for record in world.records.get(spec.name, []):
            yield record

    async def read_topics(settings: Settings, *specs: topics.TopicSpec[Any]) -> AsyncIterator[Any]:
        for spec in specs:
            async for record in read_records(settings, spec):
                yield spec, record

    async def read_all(_: Settings, spec: topics.TopicSpec[Any]) -> AsyncIterator[Any]:
        world.on_read()
        for record in world.records.get(spec.name, []):
            yield record

    async def latest_results(_: Settings) -> dict[str, Any]:
        return dict(world.states)

    async def erased_videos(_: Settings) -> dict[str, int]:
        return dict(world.erased)

    async def requests(_: Settings) -> AsyncIterator[Any]:
        for record in world.records.get(topics.VIDEO_INGESTED.name, []):
            request = codec.decode(topics.VIDEO_INGESTED, record.value)
            if request.generation > world.erased.get(request.video_id, -1):
                yield request.video_id, request

    monkeypatch.setattr(collect, "requests", requests)
    monkeypatch.setattr(collect, "erased_videos", erased_videos)
    monkeypatch.setattr(collect, "read_records", read_records)
    monkeypatch.setattr(collect, "read_topics", read_topics)
    monkeypatch.setattr(collect, "read_all", read_all)
    monkeypatch.setattr(collect, "latest_results", latest_results)
    return world


@pytest.fixture(autouse=True)
def _encoded_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results here are stand-ins that name nothing; requests are real."""
    encode = codec.encode
    monkeypatch.setattr(
        codec, "encode", lambda spec, message: encode(spec, message) if isinstance(message, VideoIngested) else b""
    )


async def test_nothing_that_was_put_since_the_oldest_request_under_way_goes(world):
    world.request("through", age_s=9 * DAY_S)
    world.end("through")
    world.request("older", age_s=2 * HOUR_S)
    world.request("newer", age_s=1 * HOUR_S)
    world.end("newer", "provisional")
    old, young = world.blob("old", age_s=3 * HOUR_S), world.blob("young", age_s=1.9 * HOUR_S)
    done = await world.gc(days=0)
    assert (world.blobs.exists(old), world.blobs.exists(young)) == (False, True)
    assert (done.blobs, done.kept, done.under_way) == (1, 1, 2)


async def test_without_a_video_under_way_all_that_no_result_names_goes(world):
    world.request("v", age_s=HOUR_S)
    world.end("v", "degraded")
    uri = world.blob("unneeded", age_s=60)
    world.names(topics.AUDIO_CHUNK, "v:0", uri)
    done = await world.gc(days=0)
    assert not world.blobs.exists(uri)
    assert done.under_way == 0


@pytest.mark.parametrize(
    ("spec", "key"),
    [(topics.AUDIO_CHUNK, "v:0"), (topics.FRAME_BATCH, "v:3"), (topics.TRANSCRIPT, "v"), (topics.VISION_RESULT, "v")],
)
async def test_what_a_record_of_a_video_under_way_names_stays_whatever_its_age(world, spec, key):
    world.request("v", age_s=HOUR_S)
    world.end("other")
    mine, others = world.blob("mine", age_s=10 * DAY_S), world.blob("others", age_s=10 * DAY_S)
    world.names(spec, key, mine)
    world.names(spec, key.replace("v", "other"), others)
    await world.gc(days=7)
    assert (world.blobs.exists(mine), world.blobs.exists(others)) == (True, False)


async def test_a_video_that_was_erased_is_not_under_way(world):
    """Its request is on the topic for a month, and it will have no result."""
    old = world.blob("old", 3_600)
    world.request("gone", 7_200)
    world.erased["gone"] = 0
    assert ((await world.gc(0)).under_way, world.blobs.exists(old)) == (0, False)


async def test_a_new_generation_of_a_video_that_is_through_is_under_way(world):
    world.request("v", age_s=9 * DAY_S)
    world.end("v")
    world.request("v", age_s=60, generation=1)
    uri = world.blob("put for it", age_s=30)
    assert (await world.gc(days=0)).under_way == 1
    assert world.blobs.exists(uri)


async def test_what_is_put_or_touched_while_gc_looks_stays(world):
    put = [world.blob("put", age_s=10 * DAY_S), world.blob("touched", age_s=10 * DAY_S)]
    world.on_read = lambda: (world.blobs.put(b"put"), world.blobs.touch(put[1]), world.blobs.put(b"new"))  # type: ignore[assignment]
    done = await world.gc(days=0)
    assert all(world.blobs.exists(uri) for uri in put)
    assert (done.blobs, done.kept) == (0, 3)


@pytest.mark.parametrize("moment", ["before it is set aside", "after it is set aside"])
async def test_a_blob_that_is_put_at_the_last_moment_stays(world, monkeypatch, moment):
    uri = world.blob("late", age_s=10 * DAY_S)
    rename = Path.rename

    def put_meanwhile(self: Path, target: Path) -> Path:
        if self.name == uri.removeprefix("blob:"):
            if moment.startswith("before"):
                world.blobs.put(b"late")
            moved = rename(self, target)
            if moment.startswith("after"):
                world.blobs.put(b"late")
            return moved
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", put_meanwhile)
    await world.gc(days=0)
    assert world.blobs.get(uri) == b"late"
    assert [path.name for path in Path(world.settings.store).glob("*/*")] == [uri.removeprefix("blob:")]


async def test_a_cache_hit_keeps_the_blobs_that_its_answer_names(world):
    uri = world.blob("chunk", age_s=10 * DAY_S)
    cache = ResultCache([MemoryTier(10)], SYSTEM_CLOCK.monotonic_s)
    bench = Bench(world.settings, None, cache, world.blobs, SYSTEM_CLOCK)  # type: ignore[arg-type]
    cache.put("audio-extractor", "key", [b'{"uri":"' + uri.encode() + b'"}'])
    assert bench._find("audio-extractor", "key") is not None
    await world.gc(days=7)
    assert world.blobs.exists(uri)


async def test_an_upload_stays_as_long_as_its_request_unless_its_video_is_erased(world):
    kept, gone = (world.blob(name, 40 * DAY_S) for name in ("kept", "gone"))
    for video_id, uri in (("kept", kept), ("gone", gone)):
        world.request(video_id, 40 * DAY_S, uri=f"{uri}/talk.mp4")
        world.end(video_id)
    world.erased["gone"] = 0
    await world.gc(1)
    assert world.blobs.exists(kept)
    assert not world.blobs.exists(gone)
    assert kept.removeprefix("blob:") not in await collect.blobs_used(world.settings, set(), but_by="kept")
