"""joiner: transcript, vision-result, video-metadata, join-timer -> video-joined, through a table per video."""

from __future__ import annotations

from typing import Any, Final

from processors.blobs import BlobStore
from streams import topics
from streams.agents.base import Worker, watch_over
from streams.app import create_app, raw_topic
from streams.attempts import Attempts
from streams.clock import Clock
from streams.join.parts import JOINED_TOPICS
from streams.join.passing import Passing
from streams.join.rows import FaustTable, Rows
from streams.join.runner import JoinRunner
from streams.join.watchdog import due_timers
from streams.leaving import before_leaving
from streams.publisher import Publisher
from streams.settings import Settings

NAME = "joiner"
# A twentieth of the deadline notices it soon enough; never more often than each second.
WATCH_SHARE: Final = 0.05
MIN_WATCH_S: Final = 1.0


def build(settings: Settings, instance: str | None, clock: Clock) -> Worker:
    """The worker of this agent."""
    app = create_app(settings, NAME, instance)
    rows = Rows(FaustTable(app))
    publisher = Publisher(app, settings, NAME, clock)
    attempts = Attempts(settings.data_dir / "attempts" / NAME, clock)
    before_leaving(attempts.close)
    runner = JoinRunner(rows, publisher, BlobStore(settings.store), settings, clock, attempts)

    @app.agent(raw_topic(app, settings, *JOINED_TOPICS), name=NAME, concurrency=1)
    async def agent(stream: Any) -> None:
        await runner.run(stream)

    app.on_partitions_revoked.connect(runner.abandon)

    passing = Passing()

    @app.timer(max(MIN_WATCH_S, settings.join_deadline_s * WATCH_SHARE), name="watchdog")
    async def watchdog() -> None:
        for timer in await due_timers(rows.states(), settings, clock, passing):
            await publisher.video(topics.JOIN_TIMER, timer.video_id, timer)

    return Worker(app, None, watch_over(app, settings, NAME, runner, clock), attempts.close)
