"""Orders about videos: the compacted `control` topic, read in full by every stage's worker without a consumer group.

A cancelled video's work is dropped wherever it is: items that wait are passed over, a job that runs is ended at once.
The joiner learns of it by a `join-timer` record, since only an event of its own may change its table; it says
`cancelled` downstream, and takes nothing more of that generation. A later generation is not concerned. The result of a
video that is through stays, and the second look at it does not come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiokafka import AIOKafkaProducer

from processors.errors import ClipstreamError
from schemas.messages import Control, JoinTimer, Segments
from streams import codec, connection, topics
from streams.client import TERMINAL, following, latest_results, read_all, requests
from streams.clock import Clock
from streams.connection import client_options
from streams.settings import Settings

REASON = "cancelled on request"


class Orders:
    """Which videos are cancelled or erased, up to which generation; a hundred bytes of memory each.

    Args:
        settings: with a broker.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cancelled: dict[str, int] = {}
        self._erased: dict[str, int] = {}  # those of them that are erased as well
        self._calls: dict[
            str, list[tuple[int, Callable[[], object]]]
        ] = {}  # video_id -> generation, what ends its work
        self._read = asyncio.Event()

    async def follow(self) -> None:
        """Read the topic and go on with what arrives; never returns."""
        async with following(self._settings, topics.CONTROL) as arrivals:
            async for order in read_all(self._settings, topics.CONTROL):
                self.note(order)
            self._read.set()
            async for arrival in arrivals:
                if arrival is not None:
                    self.note(arrival[1])

    def note(self, order: Control) -> None:
        """Take an order."""
        known = self._cancelled.get(order.video_id, -1)
        self._cancelled[order.video_id] = max(known, order.generation)
        if order.action == "erase":
            self._erased[order.video_id] = max(self.erased_until(order.video_id), order.generation)
        for generation, call in list(self._calls.get(order.video_id, ())):
            if self.cancelled(order.video_id, generation):
                call()

    @contextmanager
    def calling(self, video_id: str, generation: int | None, call: Callable[[], object]) -> Iterator[None]:
        """Within it, call this when the generation of the video is cancelled; never where that is None."""
        if generation is None:
            yield
            return
        calls, entry = self._calls.setdefault(video_id, []), (generation, call)
        calls.append(entry)
        try:
            yield
        finally:
            calls.remove(entry)
            if not calls:
                self._calls.pop(video_id, None)

    async def ready(self) -> None:
        """Wait until what was ordered before this worker started is known."""
        await self._read.wait()

    def cancelled(self, video_id: str, generation: int) -> bool:
        """Whether nothing more is to be done for a generation of a video."""
        return generation <= self.until(video_id)

    def until(self, video_id: str) -> int:
        """The last generation of a video for which nothing more is to be done; -1 for none."""
        return self._cancelled.get(video_id, -1)

    def erased_until(self, video_id: str) -> int:
        """The last generation of a video of which nothing is to be kept; -1 for none.

        A cancelled one is none of them: its result stays, and what is known of its sentences with it.
        """
        return self._erased.get(video_id, -1)


async def cancel(settings: Settings, video_id: str, clock: Clock) -> int | None:
    """Stop the work on a video, the second look at one that is through included.

    Args:
        settings: with a broker.
        video_id: the video.
        clock: wall time of the order.

    Returns:
        The generation that is cancelled; None when it is through already, with all that was to come.

    Raises:
        ClipstreamError: nobody submitted that video.
    """
    generations = [request.generation async for known, request in requests(settings) if known == video_id]
    held = (await latest_results(settings)).get(video_id)
    if not generations and held is None:
        raise ClipstreamError(f"Nothing is known of video '{video_id}'.", "`clipstream status` lists the videos.")
    generation = generation_to_cancel(max([*generations, held.generation if held is not None else 0]), held)
    if generation is None:
        return None
    producer = AIOKafkaProducer(**client_options(settings), acks="all")
    await connection.start(producer, settings)
    try:
        await order_cancel(producer, settings, video_id, generation, clock)
    finally:
        await connection.stop(producer)
    return generation


def generation_to_cancel(newest: int, held: Segments | None) -> int | None:
    """The generation of a video that can be cancelled; None when it is through already, with all that was to come.

    Args:
        newest: the newest generation of the video.
        held: its newest result.
    """
    through = held is not None and held.generation == newest and held.status in TERMINAL
    return None if through and held is not None and held.second_look is None else newest


async def order_cancel(
    producer: AIOKafkaProducer, settings: Settings, video_id: str, generation: int, clock: Clock
) -> None:
    """Tell all stages, and the join, to stop the work on a generation of a video.

    Raises:
        KafkaError: the broker does not take it.
    """
    order = Control(video_id, "cancel", clock.now_ms(), generation)
    timer = JoinTimer(video_id, generation, "cancel", order.at_ms, REASON)
    key = video_id.encode()
    # the order first: what the joiner is told must not be overtaken by work that goes on
    await producer.send_and_wait(
        settings.topic(topics.CONTROL.name), codec.encode(topics.CONTROL, order), key=key, partition=0
    )
    await producer.send_and_wait(
        settings.topic(topics.JOIN_TIMER.name),
        codec.encode(topics.JOIN_TIMER, timer),
        key=key,
        partition=topics.video_partition(video_id, topics.JOIN_TIMER.partitions),
    )


__all__ = ["REASON", "Orders", "cancel", "generation_to_cancel", "order_cancel"]
