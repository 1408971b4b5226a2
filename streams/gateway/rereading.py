"""Events that are no longer in memory, read from Kafka again: between what a reader has seen and where the view is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from aiokafka import AIOKafkaConsumer

from schemas.messages import Progress
from streams import connection
from streams.connection import client_options
from streams.gateway.feed import Entry, coalesced
from streams.gateway.vector import Vector
from streams.gateway.view import Message, Submitted, View, decoded
from streams.settings import Settings

_POLL_MS: Final = 200
_BATCH: Final = 2_000


async def reread(
    settings: Settings, view: View, since: Vector, until: Vector, video_id: str | None
) -> AsyncIterator[list[Entry]]:
    """The events behind one vector and before another, each partition in order.

    What a topic keeps no longer is passed over: of results that were replaced only the newest may be left.

    Args:
        settings: with a broker.
        view: for what progress is now.
        since: what was seen.
        until: where to stop; what comes from there on is in the log.
        video_id: only of that video; None for all.
    """
    open_ = {place: number for number, place in enumerate(view.places) if since[number] < until[number]}
    if not open_:
        return
    after = list(since)
    said: dict[str, tuple[int, int, bool]] = {}
    consumer = AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False, auto_offset_reset="earliest")
    await connection.start(consumer, settings)
    try:
        consumer.assign(list(open_))
        starts = await consumer.beginning_offsets(list(open_))
        for place, number in open_.items():
            consumer.seek(place, max(starts[place], since[number]))
        while open_:
            found: list[Entry] = []
            batch = await consumer.getmany(*open_, timeout_ms=_POLL_MS, max_records=_BATCH)
            for place, records in batch.items():
                number, spec = view.place_of(place)
                for record in records:
                    if record.offset >= until[number]:
                        break
                    after[number] = record.offset + 1
                    message = decoded(spec, record)
                    if message is None or video_id not in (None, message.video_id) or not view.tells(message):
                        continue
                    if not _repeated(view, message, (number, record.offset), said):
                        found.append(view.entry(message, record, number, tuple(after)))
            for place, number in list(open_.items()):
                if await consumer.position(place) >= until[number]:
                    del open_[place]
            if found:
                yield coalesced(found)
    finally:
        await connection.stop(consumer)


def _repeated(view: View, message: Message, at: tuple[int, int], said: dict[str, tuple[int, int, bool]]) -> bool:
    """Whether a record says again what an earlier one said, as after a crash of its writer."""
    video = view.videos.get(message.video_id)
    if isinstance(message, Progress):
        return False
    if isinstance(message, Submitted):
        first = None if video is None else video.requested_at.get(message.request.generation)
        return first is not None and first != at
    before = said.get(message.video_id)
    said[message.video_id] = max(before or message.order, message.order)
    if before is not None and message.order <= before:
        return True
    if video is None:
        return False
    # what precedes `since` is not read, so the newest result has to tell what came behind it and is older
    place, offset = video.result_at
    return (video.order == message.order and video.result_at != at) or (
        message.order < video.order and place == at[0] and offset < at[1]
    )


__all__ = ["reread"]
