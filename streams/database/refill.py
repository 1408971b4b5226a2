"""Fills the database from the topics, beside the sink or without one.

Its sink writes results of the same order again, so that rows that are not as the topics say are mended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from processors.blobs import BlobMissing
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
        sink: writes, with `again` what is there as well; no offset of its agent is touched.
        on_records: told how many records are through.

    Raises:
        Retryable, Fatal: see `Sink.take`; a second call goes on where this one stopped, in effect.
    """
    whole, done, waiting = Outcome(), 0, list[Any]()
    segments = settings.topic(topics.SEGMENTS.name)

    async def write() -> None:
        nonlocal done
        outcome = await asyncio.to_thread(sink.take, list(waiting))
        done += len(waiting)
        told = {record.key for record in waiting if record.topic == segments}
        # the documents of results that newer ones replaced were collected
        whole.invalid[:] = [
            (record, error)
            for record, error in whole.invalid
            if not (isinstance(error, BlobMissing) and record.key in told)
        ]
        whole.invalid += outcome.invalid
        whole.batches += outcome.batches
        whole.rows += outcome.rows
        whole.videos += outcome.videos
        whole.seconds += outcome.seconds
        waiting.clear()
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
