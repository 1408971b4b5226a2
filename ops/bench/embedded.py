"""All agents on a broker of their own in an empty folder: nothing of the user's cluster or caches counts in a bench."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.bench.workers import pids, ready
from ops.local.cluster import LocalCluster
from schemas.messages import Segments, VideoIngested
from streams import agents, topics
from streams.admin import create_topics
from streams.client import TERMINAL, following, keep_highest, producing
from streams.clock import SYSTEM_CLOCK
from streams.settings import Settings
from streams.supervisor import Supervisor

LIMIT_S: Final = 7_200.0


@dataclass(frozen=True)
class Embedded:
    """What runs.

    Attributes:
        settings: of the broker and the agents.
        supervisor: of the agents; somebody must poll it in long runs.
        kafka: process ids by name.
    """

    settings: Settings
    supervisor: Supervisor
    kafka: dict[str, int]

    def roots(self) -> list[tuple[str, int]]:
        """(Name, process) of the broker and of the agents' workers that run."""
        return [*self.kafka.items(), *pids(self.supervisor)]


def embedded_settings(base: Settings, folder: Path) -> Settings:
    """Settings for a broker of our own in an empty folder, without the result cache and whatever else is set."""
    return base.model_copy(
        update={
            "data_dir": folder,
            "store_url": "",
            "cache_enabled": False,
            "broker_url": "",
            "cache_url": "",
            "topic_prefix": "",
            "security_protocol": "PLAINTEXT",
        }
    )


@asynccontextmanager
async def embedded_agents(base: Settings, command: Sequence[str] | None = None) -> AsyncIterator[Embedded]:
    """Start broker and agents, wait until they are warm, and end them.

    Args:
        base: cache folder with models and jars, number of children, models; see `embedded_settings`.
        command: of the workers, where it is not the usual one.
    """
    with tempfile.TemporaryDirectory(prefix="clipstream-bench-") as folder:
        settings = embedded_settings(base, Path(folder))
        with LocalCluster(settings.data_dir, settings.cache_dir) as cluster:
            info = cluster.describe()
            settings = settings.model_copy(update={"broker_url": info.broker_url})
            await create_topics(settings)
            supervisor = Supervisor(settings, agents.NAMES, SYSTEM_CLOCK, command=command)
            supervisor.start()
            try:
                await ready(settings, supervisor)
                kafka = {name: pid for name, pid in info.pids.items() if name != "owner"}
                yield Embedded(settings, supervisor, kafka)
            finally:
                await asyncio.to_thread(supervisor.stop)


async def final_result(
    request: VideoIngested, settings: Settings, say: Callable[[Segments, float], None], limit_s: float = LIMIT_S
) -> tuple[Segments, float]:
    """Submit one video and wait.

    Args:
        request: it.
        settings: of the broker.
        say: hears each revision and the seconds since it was submitted.
        limit_s: after which it counts as lost.

    Returns:
        The last revision and the seconds until it came.

    Raises:
        TimeoutError: there is none within the limit.
    """
    newest: dict[str, Segments] = {}
    async with following(settings, topics.SEGMENTS) as arrivals, producing(settings) as submit:
        started = time.monotonic()
        await submit(request)
        async for arrival in arrivals:
            if time.monotonic() - started > limit_s:
                raise TimeoutError(f"no final result after {limit_s:.0f} s")
            if arrival is None or not keep_highest(newest, arrival[1]):
                continue
            result: Segments = arrival[1]
            seconds = time.monotonic() - started
            say(result, seconds)
            if result.status in TERMINAL:
                return result, seconds
    raise AssertionError("the stream of results never ends")


__all__ = ["LIMIT_S", "Embedded", "embedded_agents", "embedded_settings", "final_result"]
