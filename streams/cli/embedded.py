"""Makes sure that there is a broker, its topics, the models and the agents: what runs is used, the rest is started."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from ops.local.cluster import LocalCluster
from processors.models.store import ModelStore
from streams import agents
from streams.admin import create_topics
from streams.cli.console import console
from streams.clock import SYSTEM_CLOCK
from streams.groups import agents_with_members
from streams.settings import Settings
from streams.supervisor import Supervisor

_POLL_S: Final = 0.2
_ASK_S: Final = 1.0


@asynccontextmanager
async def broker_running(settings: Settings) -> AsyncIterator[tuple[Settings, bool]]:
    """Use the broker that runs, or start the embedded one and stop it at the end; topics are there either way.

    Yields:
        Settings with the addresses of what runs, and whether the broker was started here.
    """
    if settings.broker_url:
        await create_topics(settings)
        yield settings, False
        return
    cluster = LocalCluster(settings.data_dir, settings.cache_dir, allow_download=not settings.offline)
    try:
        started = await asyncio.to_thread(cluster.start)
        settings = settings.model_copy(update={"broker_url": started.broker_url, "cache_url": started.cache_url})
        await create_topics(settings)
        yield settings, True
    finally:
        await asyncio.to_thread(cluster.stop)


@asynccontextmanager
async def agents_running(settings: Settings, profiles: Iterable[str], alone: bool) -> AsyncIterator[None]:
    """Start the agents of which no worker runs anywhere, keep them alive, stop them at the end.

    Args:
        settings: with a broker.
        profiles: of the videos to come; decides which models must be there.
        alone: nobody else can have workers at this broker, so all are started at once.
    """
    await asyncio.to_thread(pull_models, settings, profiles)
    supervisor = Supervisor(settings, agents.NAMES if alone else (), SYSTEM_CLOCK)
    supervisor.start()
    watch = asyncio.create_task(_watch(supervisor, settings))
    try:
        yield
    finally:
        watch.cancel()
        await asyncio.to_thread(supervisor.stop)


async def _watch(supervisor: Supervisor, settings: Settings) -> None:
    """Keep our workers alive, and start one for each agent that has none.

    Asked again and again, since a broker takes stopped workers for members until their session times out.
    """
    asked_s = -_ASK_S
    while True:
        if SYSTEM_CLOCK.monotonic_s() - asked_s >= _ASK_S and len(supervisor.children) < len(agents.NAMES):
            busy = await agents_with_members(settings)
            supervisor.add(tuple(name for name in agents.NAMES if name not in busy))
            asked_s = SYSTEM_CLOCK.monotonic_s()
        if supervisor.poll():
            for child in supervisor.children:
                if child.state in ("restarting", "down"):
                    console.print(f"[yellow]{child.agent} died ({child.last_exit}); {child.state}[/] log: {child.log}")
        await asyncio.sleep(_POLL_S)


def models_for(settings: Settings, profiles: Iterable[str]) -> list[str]:
    """Names of the models that videos of these profiles need."""
    names = {"silero-vad", "yunet"}
    if settings.asr_model:
        names.add(settings.asr_model)
        return sorted(names)
    names.add("base")
    if "fast" in profiles:
        names.add("tiny.en")
    return sorted(names)


def pull_models(settings: Settings, profiles: Iterable[str]) -> None:
    """Fetch the models that are not there yet, with a progress bar.

    Raises:
        ModelUnavailable: one is nowhere to be had.
    """
    with downloading() as on_progress:
        store = ModelStore(settings.models_dir, settings.cache_dir, not settings.offline, on_progress)
        for name in models_for(settings, profiles):
            store.path(name)


@contextmanager
def downloading() -> Iterator[Callable[[str, int, int], None]]:
    """Progress bars for downloads on a terminal, one line each elsewhere.

    Yields:
        A function for (name, bytes done, bytes in all).
    """
    with Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), console=console,
        transient=True, disable=not console.is_terminal,
    ) as bars:  # fmt: skip
        tasks: dict[str, TaskID] = {}

        def on_progress(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(f"model {name}", total=total)
                if not console.is_terminal:
                    console.print(f"Downloading model {name} ({total / 1e6:.0f} MB)")
            bars.update(tasks[name], completed=done)

        yield on_progress
