"""Fills the database from the topics, beside the sink or without one: what is there already is not written again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from streams import topics
from streams.client import read_records
from streams.database.sink import Outcome, Sink
from streams.settings import Settings

_BATCH: Final = 100  # records of which one part of the topic is held in memory

OnRecords = Callable[[int], None]


async def refill(settings: Settings, sink: Sink, on_records: OnRecords = lambda count: None) -> Outcome:
    """Write all that the topics hold.

    Args:
        settings: with a broker.
        sink: writes; no offset of its agent is touched.
        on_records: told how many records are through.

    Raises:
        Retryable, Fatal: see `Sink.take`; a second call goes on where this one stopped, in effect.
    """
    whole, done, waiting = Outcome(), 0, list[Any]()

    async def write() -> None:
        nonlocal done
        outcome = await asyncio.to_thread(sink.take, list(waiting))
        done += len(waiting)
        waiting.clear()
        whole.invalid += outcome.invalid
        whole.batches += outcome.batches
        whole.rows += outcome.rows
        whole.videos += outcome.videos
        whole.seconds += outcome.seconds
        on_records(done)

    for spec in (topics.SEGMENTS, topics.CONTENT_RESULT):
        async for record in read_records(settings, spec):
            waiting.append(record)
            if len(waiting) >= _BATCH:
                await write()
    if waiting:
        await write()
    return whole


__all__ = ["refill"]
