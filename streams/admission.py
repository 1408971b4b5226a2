"""At most so many videos under way: the oldest requests that have no last result yet, the rest waits on the topic.

Three stages take requests, each from partitions in an order of its own. If each admitted the first ones that it sees,
two could wait for different videos for ever. So each reads the ingest topic and `segments` in full, without a consumer
group, and they all count the same videos: by the time of their request, its partition and offset.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from typing import Any

from processors.errors import ClipstreamError
from schemas.messages import Segments, VideoIngested
from streams import codec, identity, topics
from streams.client import TERMINAL, following_records
from streams.settings import Settings

Place = tuple[int, int, int, str]  # time of the request, partition, offset, video_id: the order in which they begin


class Admission:
    """Whether a request may begin.

    Args:
        limit: videos under way at a time, >= 1.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: list[Place] = []  # sorted; the first `limit` of them are under way
        self._newest: dict[str, tuple[int, Place]] = {}  # video_id -> generation and place of its newest request
        self._done: dict[str, int] = {}  # video_id -> highest generation with a last result
        self._changed = asyncio.Condition()

    async def follow(self, settings: Settings) -> None:
        """Read both topics and go on with what arrives; never returns."""
        async with following_records(settings, topics.VIDEO_INGESTED, topics.SEGMENTS, from_start=True) as arrivals:
            async for arrival in arrivals:
                if arrival is None:
                    continue
                spec, record = arrival
                try:
                    message = codec.decode(spec, record.value)
                    if isinstance(message, VideoIngested):
                        request = identity.request_of(message)
                        place = (record.timestamp, record.partition, record.offset, request.video_id)
                        self.requested(request.video_id, request.generation, place)
                    else:
                        self.result(message)
                except ClipstreamError:
                    continue  # nobody works on it
                async with self._changed:
                    self._changed.notify_all()

    def requested(self, video_id: str, generation: int, place: Place) -> None:
        """A request is on the topic; of a video the newest generation counts, of that the first request."""
        known = self._newest.get(video_id)
        if known is not None and known[0] >= generation:
            return
        self._forget(video_id)
        self._newest[video_id] = (generation, place)
        if generation > self._done.get(video_id, -1):
            insort(self._waiting, place)

    def result(self, result: Segments) -> None:
        """A result is on the topic."""
        if result.status in TERMINAL:
            self._done[result.video_id] = max(result.generation, self._done.get(result.video_id, -1))
            known = self._newest.get(result.video_id)
            if known is not None and known[0] <= result.generation:
                self._forget(result.video_id)

    async def admitted(self, raw: Any) -> None:
        """Wait until an ingest record may be worked on; a record that nobody can read may at once."""
        try:
            request = identity.request_of(codec.decode(topics.VIDEO_INGESTED, raw.value))
        except ClipstreamError:
            return
        async with self._changed:
            await self._changed.wait_for(lambda: self.may_begin(request.video_id, request.generation))

    def may_begin(self, video_id: str, generation: int) -> bool:
        """Whether a generation of a video is among those under way, or needs no room: it is done or superseded."""
        if generation <= self._done.get(video_id, -1):
            return True
        known = self._newest.get(video_id)
        if known is None or known[0] < generation:
            return False  # the topic is not read up to it yet
        return known[0] > generation or bisect_left(self._waiting, known[1]) < self._limit

    def _forget(self, video_id: str) -> None:
        known = self._newest.get(video_id)
        if known is not None:
            at = bisect_left(self._waiting, known[1])
            if at < len(self._waiting) and self._waiting[at] == known[1]:
                del self._waiting[at]


__all__ = ["Admission"]
