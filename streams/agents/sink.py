"""sink: segments, content-result -> the database, in batches; only where one is set."""

from __future__ import annotations

from typing import Any

from processors.blobs import BlobStore
from streams import topics
from streams.agents.base import Worker, watch_over
from streams.app import create_app, raw_topic
from streams.clock import Clock
from streams.control import Orders
from streams.database.connection import address_of
from streams.database.loop import NAME, SinkLoop
from streams.database.sink import Sink
from streams.publisher import Publisher
from streams.settings import Settings


def build(settings: Settings, instance: str | None, clock: Clock) -> Worker:
    """The worker of this agent."""
    address_of(settings)  # says at once that none is set
    app = create_app(settings, NAME, instance)
    orders = Orders(settings)
    sink = Sink(settings, BlobStore(settings.store), clock, orders)
    loop = SinkLoop(sink, settings, Publisher(app, settings, NAME, clock), clock)

    app.on_partitions_revoked.connect(loop.drop)

    @app.agent(raw_topic(app, settings, topics.SEGMENTS, topics.CONTENT_RESULT), name=NAME, concurrency=1)
    async def agent(stream: Any) -> None:
        await orders.ready()
        await loop.run(stream)

    @app.task()
    async def follow_orders() -> None:
        await orders.follow()

    loop.health = watch_over(app, settings, NAME, loop, clock)
    return Worker(app, None, loop.health, sink.close)
