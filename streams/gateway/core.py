"""What the routes work with: one object for each process, in `app.state.gateway`."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final
from weakref import WeakValueDictionary

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from fastapi import Depends, Request

from processors.blobs import BlobStore
from processors.errors import ClipstreamError
from schemas.messages import VideoIngested
from streams import codec, connection, topics
from streams.addresses import is_loopback
from streams.clock import Clock
from streams.connection import client_options
from streams.control import order_cancel
from streams.gateway.batches import Batches
from streams.gateway.guard import Caller
from streams.gateway.keys import KeyRing, keys_path
from streams.gateway.problems import Problem, unknown_video
from streams.gateway.uploads import Uploads
from streams.gateway.videos import Video
from streams.gateway.view import FOLLOWED, View
from streams.gateway.webhooks import Webhooks
from streams.metrics import registry_of
from streams.metrics.machine import Machine
from streams.settings import Settings

if TYPE_CHECKING:  # its client is loaded where there is a database
    from streams.database.reads import Pool

log = logging.getLogger("clipstream.gateway")
_SEND_S: Final = 10.0
_THREADS: Final = 32
_COLLECT_S: Final = 600.0
_REREADS: Final = 4  # readers at a time whose past is read from Kafka again


class Gateway:
    """View, store, producer.

    Args:
        settings: with a broker.
        clock: wall and monotonic time.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.blobs = BlobStore(settings.store)
        self.batches = Batches(settings)
        self.uploads = Uploads(settings, clock, self.blobs)
        self.keys = KeyRing(keys_path(settings))
        self.view = View(settings, clock)
        self.stopping = asyncio.Event()
        self.rereads = asyncio.Semaphore(_REREADS)
        self.metrics = registry_of("gateway", Machine("gateway", settings, clock))
        self.kept: dict[str, Any] = {}  # of routes, for as long as the process lives
        self.database: Pool | None = None  # where one is set
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._producer: AIOKafkaProducer | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything that goes on beside the requests, while the body runs."""
        self._producer = AIOKafkaProducer(**client_options(self.settings), acks="all")
        await connection.start(self._producer, self.settings)
        tasks: list[asyncio.Task[None]] = []
        try:
            # the first requests else wait until records can be read and it is known where the topic is
            codec.prepare(*FOLLOWED)
            await self._producer.partitions_for(self.settings.topic(topics.VIDEO_INGESTED.name))
            # of its own size: the usual one has six threads on two cores, which a few slow look-ups of names would take
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="gateway"))
            jobs = [self.view.follow_erasures(), self.view.follow(), self.view.answer_ends(), self._collect()]
            if self.settings.gateway_webhook_secret.get_secret_value():
                jobs.append(Webhooks(self.settings, self.clock, self.view, self._producer).run())
            tasks += [asyncio.create_task(_kept(job, self.stopping)) for job in jobs]
            async with self._with_database():
                yield
        finally:
            self.stopping.set()
            try:
                await _ended(tasks)
            finally:
                await connection.stop(self._producer)

    @asynccontextmanager
    async def _with_database(self) -> AsyncIterator[None]:
        if not self.settings.database_url:
            yield
            return
        from streams.database.reads import pool_of

        async with pool_of(self.settings) as self.database:
            yield

    async def _collect(self) -> None:
        """Remove uploads that nobody went on with, for ever."""
        while True:
            try:
                await asyncio.to_thread(self.uploads.collect)
            except (ClipstreamError, OSError) as error:
                log.warning("Old uploads cannot be collected: %s", error)
            await self.clock.sleep(_COLLECT_S)

    async def submit(self, request: VideoIngested, by: str) -> tuple[TopicPartition, int]:
        """Put a request on the ingest topic; where it is.

        Args:
            request: with its video_id.
            by: what decides the partition, so that requests with the same have one order for all readers.

        Raises:
            Problem: Kafka does not take it.
        """
        assert self._producer is not None
        spec = topics.VIDEO_INGESTED
        partition = topics.video_partition(by, spec.partitions)
        key = (request.video_id or "").encode()
        name = self.settings.topic(spec.name)
        try:
            async with asyncio.timeout(_SEND_S):
                sent = await self._producer.send_and_wait(
                    name, codec.encode(spec, request), key=key, partition=partition
                )
        except (KafkaError, TimeoutError) as error:
            raise broker_away() from error
        return TopicPartition(name, partition), sent.offset

    async def cancel(self, video_id: str, generation: int) -> None:
        """Have the work on a generation of a video stopped.

        Raises:
            Problem: Kafka does not take the order.
        """
        assert self._producer is not None
        try:
            async with asyncio.timeout(_SEND_S):
                await order_cancel(self._producer, self.settings, video_id, generation, self.clock)
        except (KafkaError, TimeoutError) as error:
            raise broker_away() from error

    def turn(self, video_id: str) -> asyncio.Lock:
        """Held by whoever takes a video in: of two requests at the same time the second one sees the first."""
        return self._turns.setdefault(video_id, asyncio.Lock())

    async def fresh(self, limit_s: float | None = None) -> bool:
        """Wait until the view has all that was there when the request came; False where it is behind.

        Args:
            limit_s: longest wait; as set for reads when None.

        Raises:
            Problem: nothing is known yet.
        """
        up_to_date = await self.view.caught_up(limit_s)
        if not self.view.ready:
            raise Problem(
                503,
                "The gateway is still reading what there is.",
                "Try again in a moment.",
                headers={"Retry-After": "2"},
            )
        return up_to_date

    async def video(self, video_id: str, whole_s: float | None = None) -> Video:
        """A video, as it is now.

        Args:
            video_id: the video.
            whole_s: nothing of it may be missing, and this is the longest wait for that.

        Raises:
            Problem: nobody submitted it, or the view is behind and must not be.
        """
        if not await self.fresh(whole_s) and whole_s is not None:
            raise Problem(
                503, "The gateway has not read all there is.", "Try again in a moment.", headers={"Retry-After": "2"}
            )
        found = self.view.videos.get(video_id)
        if found is None:
            raise unknown_video(video_id)
        return found

    def local_sources(self) -> bool:
        """Whether paths of this machine are accepted."""
        choice = self.settings.gateway_local_sources
        alone = is_loopback(self.settings.gateway_host) and not self.keys.asked_for()
        return choice == "on" or (choice == "auto" and alone)


async def _kept(job: Coroutine[Any, Any, None], stopping: asyncio.Event) -> None:
    """Run what never ends; when it does, the gateway leaves, and whoever keeps it starts it anew."""
    try:
        await job
    except BaseException:
        # a cancellation that is not ours comes out of something that the job waited for, and ends it as well
        if stopping.is_set():
            raise
        log.critical("A part of the gateway ended; leaving.", exc_info=True)
        os.kill(os.getpid(), signal.SIGTERM)


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for all of them, whatever some of them say."""
    for task in tasks:
        task.cancel()
    for error in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(error, Exception):  # not a cancellation
            log.warning("A part of the gateway ended with an error: %s", error, exc_info=error)


def broker_away() -> Problem:
    """Kafka does not answer."""
    return Problem(503, "Kafka does not answer.", "Try again in a moment.", headers={"Retry-After": "2"})


async def _gateway(request: Request) -> Gateway:
    found: Gateway = request.app.state.gateway
    return found


async def _caller(request: Request) -> Caller:
    found: Caller = request.state.caller
    return found


TheGateway = Annotated[Gateway, Depends(_gateway)]
TheCaller = Annotated[Caller, Depends(_caller)]

__all__ = ["Gateway", "TheCaller", "TheGateway", "broker_away"]
