"""A replay takes the generation behind the newest one: from a view that has all there is, or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest

from schemas.messages import VideoIngested
from streams.clock import SYSTEM_CLOCK
from streams.gateway.core import Gateway
from streams.gateway.problems import Problem
from streams.gateway.routes.videos import replay
from streams.settings import Settings


class _Kafka:
    """In place of the ingest topic: what was submitted, and how far the view is with it."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.sent: list[int] = []
        self.unread: list[VideoIngested] = []
        self.ends = True  # are told
        self.read = True  # goes on

    async def caught_up(self, *_: object) -> bool:
        await asyncio.sleep(0)
        if self.read:
            for request in self.unread:
                self.gateway.view.videos.submitted("v", request, 1, (0, request.generation))
            self.unread.clear()
        return self.ends and not self.unread

    async def submit(self, request: VideoIngested, _: str) -> tuple[None, int]:
        self.sent.append(request.generation)
        self.unread.append(request)
        return None, 0

    async def has_read(self, *_: object) -> bool:
        return await self.caught_up()


@pytest.fixture
def kafka(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Kafka:
    gateway = Gateway(Settings(data_dir=tmp_path), SYSTEM_CLOCK)
    found = _Kafka(gateway)
    gateway.view._ready.set()
    gateway.view.videos.submitted("v", VideoIngested("/v.mp4", video_id="v"), 1, (0, 0))
    monkeypatch.setattr(gateway.view, "caught_up", found.caught_up)
    monkeypatch.setattr(gateway.view, "has_read", found.has_read)
    monkeypatch.setattr(gateway, "submit", found.submit)
    return found


async def _replayed(kafka: _Kafka) -> int:
    return int(orjson.loads((await replay("v", kafka.gateway)).body)["generation"])


async def test_of_several_at_once_each_is_a_generation(kafka: _Kafka) -> None:
    assert sorted(await asyncio.gather(*(_replayed(kafka) for _ in range(4)))) == [1, 2, 3, 4]


@pytest.mark.parametrize("why", ["ends", "read"])
async def test_a_view_that_is_behind_takes_none(kafka: _Kafka, why: str) -> None:
    """As when another gateway took the generation that would come next."""
    kafka.unread.append(VideoIngested("/v.mp4", video_id="v", generation=1))
    setattr(kafka, why, False)
    with pytest.raises(Problem) as refused:
        await replay("v", kafka.gateway)
    assert (refused.value.status, kafka.sent) == (503, [])
    setattr(kafka, why, True)
    assert await _replayed(kafka) == 2


async def test_one_that_is_taken_and_not_seen(kafka: _Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:

        async def unread(*_: object) -> bool:
            return False

        patched.setattr(kafka.gateway.view, "has_read", unread)
        with pytest.raises(Problem) as refused:
            await replay("v", kafka.gateway)
    assert (refused.value.status, refused.value.extra) == (503, {"video_id": "v", "generation": 1})
    assert await _replayed(kafka) == 2


async def test_one_that_nobody_knows(kafka: _Kafka) -> None:
    with pytest.raises(Problem) as refused:
        await replay("w", kafka.gateway)
    assert refused.value.status == 404
