"""A client that is not started to its end is closed, whatever ends it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from streams import connection
from streams.settings import Settings


@pytest.mark.parametrize("kind", [AIOKafkaConsumer, AIOKafkaAdminClient])
async def test_a_start_that_is_cancelled_leaves_no_connection(kind: type[Any]) -> None:
    """The broker takes the connection and never answers; who waited for it gives up."""
    reached, gone = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1_000):
            reached.set()
        writer.close()
        gone.set()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        settings = Settings(broker_url=f"kafka://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        client = kind(**connection.client_options(settings))
        starting = asyncio.create_task(connection.start(client, settings))
        async with asyncio.timeout(30):
            await reached.wait()
            starting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await starting
            await gone.wait()
    assert client._closed  # by which aiokafka tells what it warns of
