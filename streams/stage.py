"""The one guarded loop that every agent but the joiner runs.

For each event: decode -> compute and publish (retried with back-off) -> await all deliveries -> ack, in order per
partition.

==================  ===========================================================================
what is raised      what happens
==================  ===========================================================================
InvalidMessage      dead letter, a `failed` record downstream, ack
Retryable, unknown  3 more tries from 1 s, doubling, with jitter; then as above, and counted against the limit
ChildDied           as Retryable, but the second death on one item ends it
RegistryAway        while decoding: as Retryable, but not counted: the item may be good, and other items go on
Fatal               the worker exits without an ack; the supervisor starts it again
==================  ===========================================================================
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any, Final, Generic, TypeVar

from processors.errors import ChildDied, ClipstreamError, Fatal, InvalidMessage, WorkerDied
from schemas.messages import Header
from streams import codec, dead_letters, metrics, topics, tracing
from streams.admission import Admission
from streams.attempts import MAX_WORKER_DEATHS, Attempts, Isolation
from streams.clock import Clock
from streams.control import Orders
from streams.current import Current, current, working_on
from streams.dead_letters import FailureMeter
from streams.intake import Intake
from streams.leaving import exit_worker
from streams.metrics.observed import observe
from streams.priorities import level_of, priority_of
from streams.publisher import Publisher
from streams.registry import RegistryAway
from streams.settings import Settings
from streams.window import InOrderWindow
from streams.work import Logic, Output

In = TypeVar("In")

MAX_DEATHS: Final = 2
# Events taken and not finished: one of each item partition, so that the earliest of a video is among them.
ADMITTED: Final = topics.ITEM_PARTITIONS
# Outputs of one event that are on their way to the broker while its job goes on. Awaited one by one, an extractor's 20
# chunks cost 20 round trips of 2 to 4 ms on a busy machine.
UNDELIVERED: Final = 16
MAX_BACK_OFF_S: Final = 60.0
_TAKEN: Final = 100_000  # requests that wait at their gate are all in hand
_OF_VIDEOS: Final = (topics.VIDEO_INGESTED, topics.VIDEO_JOINED)
log = logging.getLogger("clipstream.stage")


class Stage(Generic[In]):
    """Runs one stage's logic over a stream of raw events.

    Args:
        logic: what the stage does.
        settings: retries and limits.
        publisher: sends the outputs.
        attempts: what is worked on, for whoever comes after a worker that died.
        orders: which videos are cancelled.
        running: events that are worked on at a time, >= 1.
        clock: back-off and times.
        admission: which requests may begin; None for all at once.
        intake: bounds what waits; without one nothing more is taken than there is room for.
        spare: events beyond `running` that may be worked on where they are of a higher level than all that are.
    """

    def __init__(
        self,
        logic: Logic[In],
        settings: Settings,
        publisher: Publisher,
        attempts: Attempts,
        orders: Orders,
        running: int,
        clock: Clock,
        admission: Admission | None = None,
        intake: Intake | None = None,
        spare: int = 0,
    ) -> None:
        self._logic = logic
        self._settings = settings
        self._publisher = publisher
        self._attempts = attempts
        self._orders = orders
        self._admission = admission
        self._intake = intake
        self._isolation = Isolation()
        self._clock = clock
        self._moved_s = clock.monotonic_s()
        self._begun = 0  # events whose work began and whose outputs are not all delivered
        self._offered_s: float | None = None
        # with an intake that bounds what waits, room for all of it
        admitted = ADMITTED if intake is None else _TAKEN
        self._window = InOrderWindow(
            running, max(running, admitted), exit_worker, share=settings.priority_share, spare=spare
        )
        self._meter = FailureMeter(settings.dead_letter_max_consecutive, settings.dead_letter_max_ratio)
        self._jitter = random.Random(0)  # noqa: S311  spreads retries; nothing secret

    def holds(self, partition: Any) -> bool:
        """Whether records of a partition are in hand, or there is no room for any."""
        return self._window.holds(partition) or (self._intake is not None and self._intake.is_full(partition))

    async def drop(self, *_: Any, **__: Any) -> None:
        """The partitions are taken away: forget what was read of them and not begun."""
        await self._window.drop()
        if self._intake is not None:
            self._intake.forget()

    def still_s(self) -> float:
        """How long nothing was published or finished although there is work; 0 without work."""
        return self._clock.monotonic_s() - self._moved_s if self._begun else 0.0

    def moved(self) -> None:
        """Work goes on although nothing was published: a source is being fetched. From any thread."""
        self._moved_s = self._clock.monotonic_s()

    def blocked_s(self) -> float:
        """How long a record has waited for room in the window."""
        return 0.0 if self._offered_s is None else self._clock.monotonic_s() - self._offered_s

    async def run(self, stream: Any) -> None:
        """The agent's body. Never returns by itself; whatever ends it leaves its events un-acked."""
        async for event in stream.noack().events():
            message = event.message
            key = message.key or (message.tp, message.offset)
            level = self._level(message)
            work = partial(self._begun_with, message, level)
            self._offered_s = self._clock.monotonic_s()
            gate = partial(self._admission.admitted, message) if self._admission is not None else None
            if self._intake is not None:
                self._intake.arrived(message.tp)
            await self._window.submit(message.tp, key, work, event.ack, topics.index_of(message.key), gate, level)
            self._offered_s = None

    def _level(self, raw: Any) -> int:
        """How urgent a record is: a request says so itself, what comes of one by its header."""
        priority = priority_of(raw.headers)
        if self._logic.source is topics.VIDEO_INGESTED:
            with contextlib.suppress(ClipstreamError):  # read again, and judged, when it has its turn
                if not codec.asks(raw.value):
                    priority = codec.decode(topics.VIDEO_INGESTED, raw.value).priority
        return level_of(priority, self._settings.priority_levels)

    async def _begun_with(self, raw: Any, level: int, leave_turn: Callable[[], None]) -> None:
        if self._intake is not None:
            self._intake.begun(raw.tp)
        with working_on(Current(self._logic.name, priority=level)):
            await self._handle(raw, leave_turn)

    async def _handle(self, raw: Any, leave_turn: Callable[[], None] = lambda: None) -> None:
        deaths = self._attempts.deaths(raw)
        async with self._isolation.entered(alone=deaths > 0):
            self._attempts.begin(raw, deaths)
            await self._measured(raw, deaths, leave_turn)
            self._attempts.end(raw)

    async def _measured(self, raw: Any, deaths: int, leave_turn: Callable[[], None]) -> None:
        started = self._moved_s = self._clock.monotonic_s()
        self._begun += 1
        metrics.IN_FLIGHT.labels(self._logic.name).inc()
        status = "failed"
        try:
            status = await self._process(raw, deaths, leave_turn)
        finally:
            self._begun -= 1
            self._moved_s = self._clock.monotonic_s()
            metrics.IN_FLIGHT.labels(self._logic.name).dec()
            metrics.ITEMS.labels(self._logic.name, status).inc()
            metrics.ITEM_SECONDS.labels(self._logic.name).observe(self._clock.monotonic_s() - started)

    def _log_outcome(self, raw: Any, status: str, seconds: float) -> None:
        """What went as usual is told of whole videos only: 20,000 items an hour are too many lines."""
        level = logging.INFO if status != "ok" or self._logic.source in _OF_VIDEOS else logging.DEBUG
        log.log(level, "%s after %.1f s (%s-%d at %d)", status, seconds, raw.topic, raw.partition, raw.offset)

    async def _process(self, raw: Any, worker_deaths: int, leave_turn: Callable[[], None]) -> str:
        try:
            message = await self._decoded(raw)
            video_id, generation = self._logic.about(message)
        except (InvalidMessage, RegistryAway) as error:
            metrics.count_error(self._logic.name, error)
            # which schemas a process has seen differs, so each stage tells of those that it cannot have
            if self._logic.reports_invalid or isinstance(error, RegistryAway):
                await self._give_up(raw, None, error, 1)
            return "invalid"
        header: Header | None = getattr(message, "header", None)  # requests and results have none
        index = None if header is None else header.index
        with working_on(replace(current(), video_id=video_id, generation=generation, index=index)):
            started = self._clock.monotonic_s()
            status = await self._worked(message, raw, worker_deaths, leave_turn)
            self._log_outcome(raw, status, self._clock.monotonic_s() - started)
            return status

    async def _worked(self, message: In, raw: Any, worker_deaths: int, leave_turn: Callable[[], None]) -> str:
        video_id, generation = self._logic.about(message)
        await self._orders.ready()
        with tracing.item(self._logic.name, raw, video_id, generation, _index_of(message)) as span:
            status = await self._tried(raw, message, video_id, generation, worker_deaths, leave_turn)
            span.set_attribute("status", status)
            return status

    async def _tried(
        self,
        raw: Any,
        message: In,
        video_id: str,
        generation: int | None,
        worker_deaths: int,
        leave_turn: Callable[[], None],
    ) -> str:
        """Try until it is done, cancelled or given up; returns which."""
        made = generation if generation is not None else _generation_of(message)
        unwanted = partial(self._unwanted, video_id, generation, made)
        attempt, deaths, emitted = worker_deaths, 0, 0
        cause: Exception = WorkerDied(f"The worker died {worker_deaths} times while it worked on this item.")
        while worker_deaths < MAX_WORKER_DEATHS:
            attempt += 1
            sent, failure = await self._attempt(message, attempt, leave_turn, unwanted, (video_id, made))
            emitted = max(emitted, sent)  # a later try that failed at once takes nothing back
            if unwanted():
                return "cancelled"
            if failure is None:
                self._meter.success()
                return "ok"
            metrics.count_error(self._logic.name, failure)
            if isinstance(failure, Fatal):
                raise failure
            cause = failure
            deaths += isinstance(failure, ChildDied)
            tries = attempt - worker_deaths
            if isinstance(failure, InvalidMessage) or tries > self._settings.retries or deaths >= MAX_DEATHS:
                break
            metrics.count_retry(self._logic.name, failure)
            log.warning("%s: try %d failed: %s", video_id, attempt, dead_letters.reason_of(failure))
            await self._clock.sleep(self._back_off_s(tries))
            self._moved_s = self._clock.monotonic_s()
        await self._give_up(raw, video_id, cause, attempt)
        for output in self._logic.failed(message, cause, attempt, emitted):
            await (await self._publish(output, status="failed", note=dead_letters.reason_of(cause)))
        if isinstance(cause, InvalidMessage):
            return "invalid"
        self._meter.failure()
        return "failed"

    async def _decoded(self, raw: Any) -> Any:
        """The message; a registry that is away, and is needed for it, is asked again after a while."""
        attempt = 0
        while True:
            try:
                if codec.asks(raw.value):
                    return await asyncio.to_thread(codec.decode, self._logic.source, raw.value)
                return codec.decode(self._logic.source, raw.value)
            except RegistryAway:
                attempt += 1
                if attempt > self._settings.retries:
                    raise
                await self._clock.sleep(self._back_off_s(attempt))

    def _unwanted(self, video_id: str, generation: int | None, made: int) -> bool:
        """Whether it is cancelled, or, where no cancelling stops it, erased: behind a tombstone it would be kept."""
        if generation is None:
            return made <= self._orders.erased_until(video_id)
        return self._orders.cancelled(video_id, generation)

    async def _attempt(
        self,
        message: In,
        attempt: int,
        leave_turn: Callable[[], None],
        unwanted: Callable[[], bool],
        of: tuple[str, int],
    ) -> tuple[int, Exception | None]:
        """Compute, and publish what comes while more is computed, until that is cancelled.

        Returns:
            Outputs that the broker has, from the first one on without a gap, and what went wrong, unknown errors too.
        """
        sent: list[Awaitable[Any]] = []
        error: Exception | None = None
        work: asyncio.Future[None] | None = None
        try:
            if not unwanted():
                # a task of its own, so that what it waits for can be ended without this one
                work = asyncio.ensure_future(self._computed(message, attempt, sent, unwanted))
                with self._orders.calling(*of, partial(_end_if, unwanted, work)):
                    await work
            leave_turn()
        except asyncio.CancelledError:
            if work is None or not work.cancelled() or not unwanted():
                raise
            leave_turn()
        except Exception as raised:
            error = raised
        outcomes = await asyncio.gather(*sent, return_exceptions=True)
        self._moved_s = self._clock.monotonic_s()
        for number, outcome in enumerate(outcomes):
            if isinstance(outcome, Exception):
                return number, error or outcome
        return len(outcomes), error

    async def _computed(
        self, message: In, attempt: int, sent: list[Awaitable[Any]], unwanted: Callable[[], bool]
    ) -> None:
        """Compute and publish; cancelling it ends the job."""
        async with aclosing(self._logic.outputs(message, attempt)) as outputs:
            async for output in outputs:
                if unwanted():
                    return  # closing the outputs ends the job
                if len(sent) >= UNDELIVERED:
                    await sent[-UNDELIVERED]
                sent.append(await self._publish(output))

    async def _publish(self, output: Output[Any], status: str | None = None, note: str | None = None) -> Awaitable[Any]:
        """Queue an output and tell of it; what it returns is awaited until the broker has the output."""
        delivery = await self._publisher.item(output.spec, output.header, output.message)
        observe(self._logic.name, output.spec.name, output.header, output.message)
        self._moved_s = self._clock.monotonic_s()
        await self._publisher.progress(
            output.header,
            done=output.done,
            total=output.total,
            position_ms=output.position_ms,
            status=status or ("ok" if output.header.is_end else "running"),
            note=note,
        )
        return delivery

    async def _give_up(self, raw: Any, video_id: str | None, error: Exception, attempts: int) -> None:
        metrics.count_dead_letter(self._logic.name, error)
        log.warning("%s: dead letter: %s", video_id or raw.topic, dead_letters.reason_of(error))
        await self._publisher.dead_letter(
            dead_letters.letter(
                stage=self._logic.name,
                topic=raw.topic,
                partition=raw.partition,
                offset=raw.offset,
                key=raw.key,
                value=raw.value,
                video_id=video_id,
                error=error,
                attempts=attempts,
                at_ms=self._clock.now_ms(),
            )
        )

    def _back_off_s(self, attempt: int) -> float:
        limit = min(MAX_BACK_OFF_S, self._settings.retry_base_s * 2 ** (attempt - 1))
        return float(limit * self._jitter.uniform(0.5, 1.0))


def _end_if(unwanted: Callable[[], bool], work: asyncio.Future[None]) -> None:
    if unwanted():
        work.cancel()


def _generation_of(message: Any) -> int:
    return int((getattr(message, "header", None) or message).generation)


def _index_of(message: Any) -> int:
    """Index of a message for its trace: of an item its own, of a result its revision, of a request 0."""
    header = getattr(message, "header", None)
    return int(header.index if header is not None else getattr(message, "revision", 0))
