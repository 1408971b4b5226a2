"""At most so many videos under way: the most urgent requests that have no last result yet, the rest waits on the topic.

Of one level the oldest begin. One place is kept for the oldest of what is left, of whatever level, so that none waits
for ever; where there is one place only, it is a second one. A request of a higher level than those under way begins at
once, beside those that it takes the places of: what was begun is not stopped. So at most `limit` of each level are
under way, and all of them only where ever higher ones came.

Three stages take requests, each from partitions in an order of its own. If each admitted the first ones that it sees,
two could wait for different videos for ever. So each reads the ingest topic and `segments` in full, without a consumer
group, and they all count the same videos: by level, time of the request, its partition and offset. That is a function
of the requests that have no result alone, of nothing that one stage knows and another does not.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from typing import Any

from processors.errors import ClipstreamError
from schemas.messages import Control, Segments, VideoIngested
from streams import codec, identity, topics
from streams.client import TERMINAL, following_records
from streams.priorities import NORMAL, level_of
from streams.settings import Settings

_READ = (topics.VIDEO_INGESTED, topics.SEGMENTS, topics.CONTROL)
Place = tuple[int, int, int, str]  # time of the request, partition, offset, video_id: the order in which they begin


class Admission:
    """Whether a request may begin.

    Args:
        limit: videos under way at a time, >= 1.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._by_level: list[tuple[int, Place]] = []  # without a last result; sorted, levels negated
        self._by_time: list[tuple[Place, int]] = []  # the same
        self._begun: frozenset[Place] | None = None  # of those; None until it is asked for
        self._newest: dict[
            str, tuple[int, Place, int]
        ] = {}  # video_id -> generation, place, level of its newest request
        self._done: dict[str, int] = {}  # video_id -> highest generation with a last result
        self._changed = asyncio.Condition()

    async def follow(self, settings: Settings) -> None:
        """Read both topics and go on with what arrives; never returns."""
        async with following_records(settings, *_READ, from_start=True) as arrivals:
            async for arrival in arrivals:
                if arrival is None:
                    continue
                spec, record = arrival
                try:
                    message = codec.decode(spec, record.value)
                    if isinstance(message, VideoIngested):
                        request = identity.request_of(message)
                        place = (record.timestamp, record.partition, record.offset, request.video_id)
                        level = level_of(message.priority, settings.priority_levels)
                        self.requested(request.video_id, request.generation, place, level)
                    elif isinstance(message, Control):
                        if message.action == "erase":  # its result is gone, its requests are not
                            self.through(message.video_id, message.generation)
                    else:
                        self.result(message)
                except ClipstreamError:
                    continue  # nobody works on it
                async with self._changed:
                    self._changed.notify_all()

    def requested(self, video_id: str, generation: int, place: Place, level: int = NORMAL) -> None:
        """A request is on the topic; of a video the newest generation counts, of that the first request."""
        known = self._newest.get(video_id)
        if known is not None and known[0] >= generation:
            return
        self._forget(video_id)
        self._newest[video_id] = (generation, place, level)
        if generation > self._done.get(video_id, -1):
            insort(self._by_level, (-level, place))
            insort(self._by_time, (place, -level))
            self._begun = None

    def result(self, result: Segments) -> None:
        """A result is on the topic."""
        if result.status in TERMINAL:
            self.through(result.video_id, result.generation)

    def through(self, video_id: str, generation: int) -> None:
        """A generation of a video needs no place any more."""
        self._done[video_id] = max(generation, self._done.get(video_id, -1))
        known = self._newest.get(video_id)
        if known is not None and known[0] <= generation:
            self._forget(video_id)

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
        return known[0] > generation or known[1] in self._under_way()

    def _under_way(self) -> frozenset[Place]:
        if self._begun is None:
            first = self._by_level[: max(1, self._limit - 1)]
            begun = {place for _, place in first}
            oldest = next((one for one in self._by_time if one[0] not in begun), None)
            if oldest is not None and (self._limit > 1 or oldest[1] > first[0][0]):
                begun.add(oldest[0])
            self._begun = frozenset(begun)
        return self._begun

    def _forget(self, video_id: str) -> None:
        known = self._newest.get(video_id)
        if known is None:
            return
        _, place, level = known
        for ordered, one in ((self._by_level, (-level, place)), (self._by_time, (place, -level))):
            at = bisect_left(ordered, one)
            if at < len(ordered) and ordered[at] == one:
                del ordered[at]
                self._begun = None


__all__ = ["Admission"]
