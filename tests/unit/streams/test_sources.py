"""From the settings to what is accepted, and what becomes of fetched sources."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from processors.errors import InvalidMedia, InvalidMessage, Retryable
from processors.media.staging import key_of
from processors.options import Options
from schemas.messages import VideoIngested
from streams import codec, collect, identity, sources, topics
from streams.client import request_for
from streams.clock import SYSTEM_CLOCK
from streams.logic.extractor import locate
from streams.settings import Settings
from streams.work import Bench
from tests.web import Page, WebServer

FILM = b"film" * 100_000
SHA256 = hashlib.sha256(FILM).hexdigest()


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer({"/film.mp4": Page(FILM, etag='"one"')}) as server:
        yield server


def settings(tmp_path: Path, **values: Any) -> Settings:
    return Settings(data_dir=tmp_path / "data", **values)


def test_local_and_fetched_sources_are_found(web, tmp_path):
    local = tmp_path / "film.mp4"
    local.write_bytes(FILM)
    own = settings(tmp_path, allow_private_hosts=True)
    assert sources.find(str(local), own) == (local, SHA256)
    path, digest = sources.find(web.url("/film.mp4"), own)
    assert (path.read_bytes(), digest) == (FILM, SHA256)
    assert path.is_relative_to(own.staging_dir)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "not a public address"),
        ({"allowed_schemes": frozenset({"file"})}, "'http:' are not accepted; allowed: file"),
        ({"allow_private_hosts": True, "allowed_schemes": frozenset({"https"})}, "'http:' are not accepted"),
        ({"allow_private_hosts": True, "allowed_hosts": frozenset({"films.example"})}, "host '127.0.0.1'"),
        ({"allow_private_hosts": True, "offline": True}, "not fetched"),
        ({"allow_private_hosts": True, "max_source_bytes": 1000}, "limit is 1,000"),
    ],
)
def test_the_settings_say_what_may_be_fetched(web, tmp_path, values, reason):
    with pytest.raises(InvalidMessage, match=reason):
        sources.find(web.url("/film.mp4") + "?key=s3cret", settings(tmp_path, **values))
    if "max_source_bytes" not in values:
        assert web.asked == []


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"allowed_schemes": frozenset({"http"})}, "'file:' are not accepted"),
        ({"allowed_folders": frozenset({Path("/nowhere")})}, "not in a folder that is accepted"),
        ({"max_source_bytes": 1000}, "limit is 1,000"),
    ],
)
def test_the_settings_say_which_files_may_be_read(tmp_path, values, reason):
    local = tmp_path / "film.mp4"
    local.write_bytes(FILM)
    with pytest.raises(InvalidMessage, match=reason):
        sources.find(str(local), settings(tmp_path, **values))
    assert not (tmp_path / "data").exists()  # it was not even hashed


def test_the_command_line_asks_for_a_newer_version_and_agents_take_what_was_submitted(web, tmp_path):
    own, url = settings(tmp_path, allow_private_hosts=True), web.url("/film.mp4")
    bench = Bench(own, None, None, None, SYSTEM_CLOCK)  # type: ignore[arg-type]
    first = request_for(url, Options(), None, own)
    web.pages["/film.mp4"] = Page(FILM[::-1], etag='"two"')
    second = request_for(url, Options(), None, own)
    assert first.source_digest == SHA256 != second.source_digest
    assert first.video_id != second.video_id
    for request in (first, second):
        _, digest = asyncio.run(locate(identity.request_of(request), bench))
        assert digest == request.source_digest
    assert len(web.asked) == 2


def test_a_fetch_tells_that_work_goes_on(web, tmp_path):
    moved: list[int] = []
    own = settings(tmp_path, allow_private_hosts=True)
    bench = Bench(own, None, None, None, SYSTEM_CLOCK, lambda: moved.append(1))  # type: ignore[arg-type]
    asyncio.run(locate(identity.request_of(VideoIngested(uri=web.url("/film.mp4"))), bench))
    assert moved


def test_a_server_that_is_away_is_tried_again(tmp_path):
    with pytest.raises(Retryable):
        sources.find("http://127.0.0.1:1/film.mp4", settings(tmp_path, allow_private_hosts=True))


def test_a_web_page_is_no_media(web, tmp_path):
    web.pages["/film.mp4"] = Page(b"<html>log in</html>")
    with pytest.raises(InvalidMedia, match="web page"):
        sources.find(web.url("/film.mp4"), settings(tmp_path, allow_private_hosts=True))


@pytest.mark.parametrize("dry_run", [True, False])
async def test_gc_removes_fetched_sources_of_videos_that_are_through(web, tmp_path, monkeypatch, dry_run):
    own = settings(tmp_path, allow_private_hosts=True)
    states = {"through": "final", "again": "final", "begun": "provisional", "queued": None, "young": "final"}
    urls = {name: web.url("/film.mp4") + f"?{name}" for name in states}
    for name, url in urls.items():
        sources.find(url, own)
        if name != "young":
            os.utime(own.staging_dir / key_of(url) / "used", (1, 1))

    async def records(_: Settings, spec: topics.TopicSpec[Any]) -> AsyncIterator[Any]:
        for name, url in urls.items() if spec is topics.VIDEO_INGESTED else ():
            request = VideoIngested(uri=url, video_id=name, generation=1 if name == "again" else 0)
            yield SimpleNamespace(value=codec.encode(spec, request), timestamp=0)

    async def results(_: Settings) -> dict[str, Any]:
        return {name: SimpleNamespace(generation=0, status=status) for name, status in states.items() if status}

    async def nothing(_: Settings, under_way: set[str]) -> set[str]:
        return set()

    async def none_erased(_: Settings) -> dict[str, int]:
        return {}

    monkeypatch.setattr(collect, "read_records", records)
    monkeypatch.setattr(collect, "latest_results", results)
    monkeypatch.setattr(collect, "blobs_used", nothing)
    monkeypatch.setattr(collect, "erased_videos", none_erased)
    done = await collect.collect(own, older_than_s=3600, whole_cache=False, dry_run=dry_run)
    left = {name for name, url in urls.items() if (own.staging_dir / key_of(url)).exists()}
    assert left == {"again", "begun", "queued", "young"} | ({"through"} if dry_run else set())
    assert done.sources == 1
    assert done.bytes > len(FILM)
