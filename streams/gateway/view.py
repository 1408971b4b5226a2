"""The gateway's view: three topics followed into memory, from their beginning, without a consumer group.

A read first waits until the view has reached what was on the topics when it began, so what was submitted through one
gateway is seen through another. The question for the ends is shared: all reads that come while one is on its way wait
for the next one, so two questions are on their way at most, whatever the load.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from processors.errors import ClipstreamError, Fatal, InvalidMessage
from schemas.messages import Progress, Segments, VideoIngested
from streams import codec, connection, identity, topics
from streams.clock import Clock
from streams.connection import client_options
from streams.gateway import feed as feeds
from streams.gateway.erasures import Erasures
from streams.gateway.feed import Entry, Feed
from streams.gateway.vector import Vector, reaches
from streams.gateway.videos import Videos, told
from streams.registry import RegistryAway
from streams.settings import Settings

log = logging.getLogger("clipstream.gateway")

FOLLOWED: Final = (topics.VIDEO_INGESTED, topics.SEGMENTS, topics.PROGRESS)
_POLL_MS: Final = 500
_BATCH: Final = 2_000
# Records between two turns of everybody else: 10 ms. Readers take theirs, so that a burst does not fill their queues.
_SLICE: Final = 100
_PAUSE_S: Final = 1.0
_ENDS_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Submitted:
    """A request with the id of its video."""

    video_id: str
    request: VideoIngested

    @property
    def generation(self) -> int:
        """Of the request."""
        return self.request.generation


Message = Submitted | Progress | Segments


class View:
    """Videos and events, as far as the topics are read.

    Args:
        settings: with a broker.
        clock: monotonic time.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.places = [
            TopicPartition(settings.topic(spec.name), n) for spec in FOLLOWED for n in range(spec.partitions)
        ]
        self._index = {place: number for number, place in enumerate(self.places)}
        self._specs = {settings.topic(spec.name): spec for spec in FOLLOWED}
        self._at = [0] * len(self.places)
        self.erasures = Erasures(settings)
        self.videos = Videos(settings.gateway_videos)
        self.feed = Feed(len(self.places), settings.gateway_events_kept)
        self._asked: asyncio.Future[Vector] | None = None
        self._wanted = asyncio.Event()
        self._moved: asyncio.Condition = asyncio.Condition()
        self._ready = asyncio.Event()
        self.broker_there = False

    @property
    def vector(self) -> Vector:
        """Next offsets, as far as it is read."""
        return tuple(self._at)

    @property
    def ready(self) -> bool:
        """Whether it has read what was there when it started."""
        return self._ready.is_set()

    async def follow(self) -> None:
        """Read, for ever; a broker that goes away is waited for."""
        while True:
            try:
                await self._read()
            except (KafkaError, ClipstreamError, OSError) as error:
                if isinstance(error, Fatal) and not isinstance(error, connection.BrokerUnreachable):
                    raise  # written by a newer build: this one would tell half of it
                self.broker_there = False
                log.warning("The topics cannot be followed: %s. Trying again.", error)
                await self._clock.sleep(_PAUSE_S)

    async def follow_erasures(self) -> None:
        """Forget what is erased, for ever; a broker that goes away is waited for."""
        while True:
            try:
                await self.erasures.follow(self._forget)
            except (KafkaError, ClipstreamError, OSError) as error:
                log.warning("Erasures cannot be followed: %s. Trying again.", error)
                await self._clock.sleep(_PAUSE_S)

    def _forget(self, video_id: str, until: int) -> None:
        self.videos.forget(video_id, until)
        self.feed.forget(video_id, until)

    def tells(self, message: Message) -> bool:
        """Whether a record is of a generation that was not erased."""
        return message.generation > self.erasures.until(message.video_id)

    def callback_url(self, video_id: str, generation: int) -> str | None:
        """Where the results of a generation are to be sent; None where nobody wants them.

        Raises:
            LookupError: its request is not known.
        """
        if generation <= self.erasures.until(video_id):
            return None
        return self.videos.callback_url(video_id, generation)

    async def answer_ends(self) -> None:
        """Look up the ends of the topics for those who wait, for ever."""
        while True:
            try:
                await self._answer_ends()
            except (KafkaError, ClipstreamError, OSError) as error:
                if self._asked is not None and not self._asked.done():
                    self._asked.set_exception(error)
                self._asked = None
                await self._clock.sleep(_PAUSE_S)

    async def caught_up(self, limit_s: float | None = None) -> bool:
        """Wait until everything is read that is on the topics now; False when that takes too long."""
        try:
            async with asyncio.timeout(self._settings.gateway_read_wait_s if limit_s is None else limit_s):
                ends = await asyncio.shield(self._ends())
                async with self._moved:
                    await self._moved.wait_for(lambda: reaches(self._at, ends))
        except (TimeoutError, KafkaError, ClipstreamError, OSError):
            return False
        return True

    async def has_read(self, place: TopicPartition, offset: int, limit_s: float) -> bool:
        """Wait until a record is read; False when that takes too long."""
        number = self._index[place]
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s), self._moved:
                await self._moved.wait_for(lambda: self._at[number] > offset)
        return self._at[number] > offset

    def _ends(self) -> asyncio.Future[Vector]:
        # whoever comes now needs ends that are looked up from now on, and not those that are on their way
        if self._asked is None:
            self._asked = asyncio.get_running_loop().create_future()
            self._asked.add_done_callback(_noticed)
            self._wanted.set()
        return self._asked

    async def _answer_ends(self) -> None:
        # a consumer of its own: on the connection of the one that follows, the answer waits behind a fetch
        consumer = AIOKafkaConsumer(**client_options(self._settings), enable_auto_commit=False)
        await connection.start(consumer, self._settings)
        try:
            # now, since a client learns where partitions are by the first question, which takes 0.3 s
            async with asyncio.timeout(_ENDS_S):
                await consumer.end_offsets(self.places)
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                asked, self._asked = self._asked, None
                if asked is None or asked.done():
                    continue
                try:
                    async with asyncio.timeout(_ENDS_S):
                        ends = await consumer.end_offsets(self.places)
                except (TimeoutError, KafkaError, OSError) as error:
                    asked.set_exception(error)
                    raise
                asked.set_result(tuple(ends[place] for place in self.places))
        finally:
            await connection.stop(consumer)

    async def _read(self) -> None:
        codec.use_registry(self._settings.registry_url)
        consumer = AIOKafkaConsumer(
            **client_options(self._settings), enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await self.erasures.ready()
        await connection.start(consumer, self._settings)
        try:
            consumer.assign(self.places)
            starts, ends = await consumer.beginning_offsets(self.places), await consumer.end_offsets(self.places)
            self.broker_there = True
            goal = [ends[place] for place in self.places]
            self._at = [max(at, starts[place]) for at, place in zip(self._at, self.places, strict=True)]
            if not self.ready:
                self.feed.start_at(self._at)
            for place, at in zip(self.places, self._at, strict=True):
                consumer.seek(place, at)
            while True:
                wait_ms = _POLL_MS if self.ready else 0
                taken = 0
                for place, records in (await consumer.getmany(timeout_ms=wait_ms, max_records=_BATCH)).items():
                    for record in records:
                        await self._learn(self._specs[place.topic], record.value)
                        self._take(self._index[place], self._specs[place.topic], record)
                        taken += 1
                        if taken % _SLICE == 0:
                            await asyncio.sleep(0)
                for number, place in enumerate(self.places):  # beyond gaps that compaction left
                    self._at[number] = max(self._at[number], await consumer.position(place))
                if not self.ready and reaches(self._at, goal):
                    self._ready.set()
                async with self._moved:
                    self._moved.notify_all()
                await asyncio.sleep(0)
        finally:
            await connection.stop(consumer)

    async def _learn(self, spec: topics.TopicSpec[Any], raw: bytes | None) -> None:
        """Have the schema by which another program wrote; it takes up to 2 s, and a registry that is away longer.

        Tried as often as stages try it, which then give the record to the dead letters.
        """
        for attempt in range(self._settings.retries + 1):
            if not codec.asks(raw):
                return
            try:
                await asyncio.to_thread(codec.decode, spec, raw)
            except InvalidMessage:
                return
            except RegistryAway:
                log.warning("The registry does not answer; a record on %s waits for it.", spec.name)
                await self._clock.sleep(self._settings.retry_base_s * 2**attempt)

    def _take(self, place: int, spec: topics.TopicSpec[Any], record: Any) -> None:
        if record.offset < self._at[place]:
            return
        self._at[place] = record.offset + 1
        message = decoded(spec, record)
        if message is not None and self.tells(message) and self._folded(message, record, place):
            self.feed.add(self.entry(message, record, place, self.vector))

    def _folded(self, message: Message, record: Any, place: int) -> bool:
        """Take a record into the videos; whether it says anything new."""
        if isinstance(message, Submitted):
            return self.videos.submitted(message.video_id, message.request, record.timestamp, (place, record.offset))
        if isinstance(message, Progress):
            return self.videos.went_on(message)
        return self.videos.came(message, record.value, (place, record.offset))

    def entry(self, message: Message, record: Any, place: int, after: Vector) -> Entry:
        """A record as an event."""
        video_id, number = message.video_id, message.generation
        if isinstance(message, Progress):
            return Entry(
                feeds.PROGRESS, video_id, number, place, record.offset, after, lambda: self.progress_told(video_id)
            )
        if isinstance(message, Submitted):
            told_ = {"video_id": video_id, "generation": number, "at_ms": record.timestamp}
            kind = feeds.SUBMITTED
        else:
            told_, kind = told(message), feeds.SEGMENTS
        body = orjson.dumps(told_)
        return Entry(kind, video_id, number, place, record.offset, after, lambda: body)

    def place_of(self, partition: TopicPartition) -> tuple[int, topics.TopicSpec[Any]]:
        """Index of a partition in a vector, and its topic."""
        return self._index[partition], self._specs[partition.topic]

    def progress_told(self, video_id: str) -> bytes:
        """What a `progress` event says."""
        video = self.videos.get(video_id)
        if video is None:
            return orjson.dumps({"video_id": video_id})
        return orjson.dumps(
            {
                "video_id": video_id,
                "generation": video.generation,
                "status": video.status,
                "done": video.done(),
                "summary": video.progress.summary(),
                "stages": video.stages(),
                "updated_at_ms": video.updated_at_ms,
            }
        )


def decoded(spec: topics.TopicSpec[Any], record: Any) -> Message | None:
    """What a record says; None when nobody can read it, which its stage has told the dead letters."""
    if record.value is None:
        return None
    try:
        message = codec.decode(spec, record.value)
        return Submitted(identity.request_of(message).video_id, message) if spec is topics.VIDEO_INGESTED else message
    except (InvalidMessage, RegistryAway):
        return None


def _noticed(asked: asyncio.Future[Vector]) -> None:
    if not asked.cancelled():
        asked.exception()  # nobody may be waiting any more


__all__ = ["FOLLOWED", "Message", "Submitted", "View", "decoded"]
