"""What all agents share: a worker is an app, and a pool of children where its stage computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import faust

from processors.blobs import BlobStore
from processors.cache import DiskTier, MemoryTier, RedisTier, ResultCache, Tier
from processors.errors import Fatal
from streams.admission import Admission
from streams.app import create_app, raw_topic
from streams.attempts import Attempts
from streams.clock import Clock
from streams.control import Orders
from streams.health import Health
from streams.intake import READ_AHEAD, REQUESTS_AHEAD, Intake
from streams.leaving import before_leaving, exit_worker
from streams.liveness import Hand, Liveness
from streams.metrics import count_cache
from streams.pool import Pool
from streams.publisher import Publisher
from streams.ray_pool import pool_of
from streams.settings import Settings
from streams.stage import Stage
from streams.topics import VIDEO_INGESTED, lanes
from streams.work import Bench, Logic

In = TypeVar("In")


@dataclass(slots=True)
class Worker:
    """One process of one agent."""

    app: faust.App
    pool: Pool | None
    health: Health
    at_end: Callable[[], None] | None = None  # called when it ends in order
    _when_warm: list[Callable[[], None]] = field(default_factory=list)

    def on_warm(self, call: Callable[[], None]) -> None:
        """Call this when the children have loaded their models."""
        self._when_warm.append(call)

    async def warm(self) -> None:
        """Load the models; leaves the process when one cannot be had."""
        if self.pool is not None:
            try:
                await self.pool.warm()
            except Exception as error:  # the reason is logged, and the supervisor tries again
                exit_worker(error)
        self.health.warm = True
        for call in self._when_warm:
            call()


def result_cache(settings: Settings, clock: Clock) -> ResultCache:
    """The result cache as set: memory, Redis where there is one, disk."""
    if not settings.cache_enabled:
        return ResultCache((), clock.monotonic_s, count_cache)
    tiers: list[Tier] = [MemoryTier(settings.cache_memory_items)]
    if settings.cache_url:
        tiers.append(RedisTier(settings.cache_url, settings.cache_ttl_s))
    return ResultCache([*tiers, DiskTier(settings.result_cache_dir)], clock.monotonic_s, count_cache)


def watch_over(app: faust.App, settings: Settings, name: str, hand: Hand, clock: Clock) -> Health:
    """Let the worker leave when records wait and do not get through its stage; returns what it says of itself."""
    health = Health(name, clock)
    liveness = Liveness(app, settings, name, hand, health, clock)

    @app.task()
    async def liveness_watch() -> None:
        try:
            await liveness.watch()
        except Fatal as error:
            exit_worker(error)

    return health


def stage_worker(
    settings: Settings,
    instance: str | None,
    clock: Clock,
    make_logic: Callable[[Bench], Logic[In]],
    name: str,
    children: int,
    spare: int = 0,
) -> Worker:
    """The worker of a stage in the guarded loop.

    Args:
        settings: all of them.
        instance: name of this worker among those of the agent.
        clock: wall and monotonic time.
        make_logic: gives the stage's logic for a bench.
        name: of the agent.
        children: size of the pool, >= 1.
        spare: children beyond those, started for what is more urgent than all that is worked on.
    """
    app = create_app(settings, name, instance)
    pool = pool_of(children, settings, name, spare)
    cache, blobs = result_cache(settings, clock), BlobStore(settings.store)

    def moved() -> None:
        stage.moved()  # which is made below, of what is made of this bench

    bench = Bench(settings, pool, cache, blobs, clock, moved)
    logic = make_logic(bench)
    # one more event than children: its message is decoded and its cache asked while the children compute
    attempts = Attempts(settings.data_dir / "attempts" / name, clock)
    before_leaving(attempts.close)
    orders = Orders(settings)
    publisher = Publisher(app, settings, name, clock)
    limited = logic.source is VIDEO_INGESTED and settings.max_videos > 0
    admission = Admission(settings.max_videos) if limited else None
    # all requests are in hand, since one that waits for its place must not keep those behind it from being known
    intake = Intake(app, REQUESTS_AHEAD if logic.source is VIDEO_INGESTED else READ_AHEAD)
    stage = Stage(
        logic,
        settings,
        publisher,
        attempts,
        orders,
        children + 1,
        clock,
        admission=admission,
        intake=intake,
        spare=spare,
    )
    app.on_partitions_revoked.connect(stage.drop)

    @app.agent(raw_topic(app, settings, *lanes(logic.source)), name=name, concurrency=1)
    async def agent(stream: Any) -> None:
        await stage.run(stream)

    worker = Worker(app, pool, watch_over(app, settings, name, stage, clock), attempts.close)

    @app.task()
    async def warm() -> None:
        await worker.warm()

    @app.task()
    async def follow_orders() -> None:
        await orders.follow()

    if admission is not None:

        @app.task()
        async def follow_requests() -> None:
            await admission.follow(settings)

    return worker
