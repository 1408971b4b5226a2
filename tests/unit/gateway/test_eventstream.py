"""An event stream over a view, without a broker: what a reader is told first, and that nothing is told twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from schemas.messages import Progress, Run, Segments
from streams import codec, topics
from streams.clock import SYSTEM_CLOCK
from streams.gateway import vector
from streams.gateway.core import Gateway
from streams.gateway.eventstream import EventStream
from streams.settings import Settings


class _Record:
    """A record as the consumer gives it."""

    def __init__(self, value: bytes, offset: int) -> None:
        self.value, self.offset, self.timestamp = value, offset, 1_000


def _read(gateway: Gateway, revision: int) -> None:
    run = Run([], [], 0.0, 1_000, 2_000)
    result = Segments("v", 0, revision, False, "final", None, 9, "", [], 0.5, [], [], None, None, run)
    place, spec = gateway.view.place_of(gateway.view.places[topics.VIDEO_PARTITIONS])
    assert spec is topics.SEGMENTS
    gateway.view._take(place, spec, _Record(codec.encode(topics.SEGMENTS, result), revision - 1))


@pytest.mark.parametrize("since", [None, "start"])
async def test_what_comes_while_the_first_text_is_sent_is_told_once(tmp_path: Path, since: str | None):
    gateway = Gateway(Settings(data_dir=tmp_path, broker_url="kafka://127.0.0.1:1"), SYSTEM_CLOCK)
    begin = gateway.view.vector if since else None
    _read(gateway, 1)
    sent: list[bytes] = []

    async def send(message: dict[str, Any]) -> None:
        if message.get("body"):
            sent.append(message["body"])
            if len(sent) == 1:
                _read(gateway, 2)  # in the middle of sending
                await asyncio.sleep(0)

    async def receive() -> dict[str, Any]:
        await gateway.stopping.wait()
        return {"type": "http.disconnect"}

    stream = EventStream(gateway, "v", begin, gateway.rereads)
    running = asyncio.create_task(stream({}, receive, send))
    async with asyncio.timeout(30):
        while b"".join(sent).count(b'"revision":2') < 1:
            await asyncio.sleep(0.01)
        _read(gateway, 3)
        while b'"revision":3' not in b"".join(sent):
            await asyncio.sleep(0.01)
        gateway.stopping.set()
        await running
    text = b"".join(sent)
    assert [text.count(f'"revision":{number}'.encode()) for number in (1, 2, 3)] == [1, 1, 1]
    assert text.startswith(b"retry: 1000\n\n")


async def test_of_progress_that_was_missed_the_last_is_told(tmp_path: Path):
    gateway = Gateway(Settings(data_dir=tmp_path, broker_url="kafka://127.0.0.1:1"), SYSTEM_CLOCK)
    begin, view = gateway.view.vector, gateway.view
    place, spec = view.place_of(view.places[2 * topics.VIDEO_PARTITIONS])
    assert spec is topics.PROGRESS
    for number in range(300):
        step = Progress(f"v{number % 3}", 0, "transcriber", number, 1, 300, None, "ok", None, 1_000 + number)
        view._take(place, spec, _Record(codec.encode(topics.PROGRESS, step), number))
        if number == 150:
            _read(gateway, 1)
    sent: list[bytes] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message.get("body", b""))
        if b"event: ready" in sent[-1]:
            gateway.stopping.set()

    async def receive() -> dict[str, Any]:
        await gateway.stopping.wait()
        return {"type": "http.disconnect"}

    async with asyncio.timeout(30):
        await EventStream(gateway, None, begin, gateway.rereads)({}, receive, send)
    text = b"".join(sent)
    assert text.count(b"event: progress") == 3, "one for each video"
    assert text.count(b"event: segments") == 1
    ready = text.partition(b"event: ready")[0].rstrip().rpartition(b"id: ")[2]
    assert ready.decode() == vector.encode(view.vector)
