"""How a gateway starts and ends: whatever fails on the way, its producer is stopped and nothing goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.clock import SYSTEM_CLOCK
from streams.gateway import core
from streams.gateway.core import Gateway
from streams.settings import Settings


class _Producer:
    def __init__(self, **_: Any) -> None:
        self.stopped = 0
        self.knows = True  # where its topics are

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        self.stopped += 1

    async def partitions_for(self, _: str) -> set[int]:
        if not self.knows:
            raise KafkaConnectionError("gone")
        return {0}


class _Parts:
    """In place of what reads Kafka: goes on until it is cancelled, and then takes a while, or fails."""

    def __init__(self) -> None:
        self.running = 0
        self.begun = 0
        self.fails = False

    def one(self, number: int) -> Callable[[], Awaitable[None]]:
        async def part() -> None:
            self.begun += 1
            self.running += 1
            try:
                await asyncio.Event().wait()
            finally:
                if self.fails and number == 0:
                    self.running -= 1
                    raise OSError("no file is left")
                for _ in range(10):
                    await asyncio.sleep(0)
                self.running -= 1

        return part


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Gateway, _Producer, _Parts]:
    gateway, producer, parts = Gateway(Settings(data_dir=tmp_path), SYSTEM_CLOCK), _Producer(), _Parts()
    monkeypatch.setattr(core, "AIOKafkaProducer", lambda **_: producer)
    monkeypatch.setattr(core, "client_options", lambda _: {})
    for number, name in enumerate(("follow_erasures", "follow", "answer_ends")):
        monkeypatch.setattr(gateway.view, name, parts.one(number))
    return gateway, producer, parts


async def test_a_start_that_fails_half_way(world: tuple[Gateway, _Producer, _Parts]) -> None:
    gateway, producer, parts = world
    producer.knows = False
    with pytest.raises(KafkaConnectionError):
        async with gateway.running():
            pytest.fail("it does not start")
    assert (producer.stopped, parts.begun) == (1, 0)


async def test_a_part_that_fails_at_the_end(
    world: tuple[Gateway, _Producer, _Parts], caplog: pytest.LogCaptureFixture
) -> None:
    gateway, producer, parts = world
    parts.fails = True
    async with gateway.running():
        async with asyncio.timeout(60):
            while parts.running < 3:
                await asyncio.sleep(0)
    assert (producer.stopped, parts.running) == (1, 0)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "A part of the gateway ended with an error: no file is left"
    ]
