"""Makes sure that there is a broker, its topics, the models and the agents: what runs is used, the rest is started."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from aiokafka.errors import KafkaError
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from ops.local.cluster import ClusterInfo, LocalCluster, read_cluster
from ops.local.errors import AlreadyRunning
from ops.local.owner_lock import OwnerLock
from ops.local.users import Users
from processors.errors import Fatal
from processors.models.store import ModelStore
from processors.options import Profile
from processors.speech.choice import Device, models_of
from streams import agents
from streams.admin import create_topics
from streams.cli.console import console, escape
from streams.cli.presence import died, of_another, while_there
from streams.clock import SYSTEM_CLOCK
from streams.connection import BrokerUnreachable
from streams.groups import agents_with_members
from streams.settings import Settings
from streams.supervisor import Supervisor

_POLL_S: Final = 0.2
_ASK_S: Final = 1.0
_HOPELESS: Final = 3  # fatal exits of an agent in a row: some 10 s


@dataclass(frozen=True)
class Broker:
    """A broker that runs.

    Attributes:
        settings: with its addresses.
        users: of the embedded cluster.
        cluster: where it was started here, so that nobody else can have workers at it; else None.
    """

    settings: Settings
    users: Users
    cluster: LocalCluster | None = None

    @property
    def ours(self) -> bool:
        """Whether it was started here."""
        return self.cluster is not None

    def while_there(self) -> AbstractAsyncContextManager[None]:
        """Run the body for as long as the broker is there; raises why it is gone."""
        cluster = self.cluster
        if cluster is None:
            return while_there(of_another(self.settings))
        return while_there(lambda: died(self.settings.data_dir) if "kafka" in cluster.died() else None)

    async def last(self) -> None:
        """Wait until nobody else uses a cluster that is ours, and thus about to stop."""
        if not self.ours or self.users.close():
            return
        console.print("Another clipstream uses this Kafka; waiting for it (Ctrl-C stops both).")
        while not self.users.close():
            await asyncio.sleep(_POLL_S)


@asynccontextmanager
async def broker_running(settings: Settings) -> AsyncIterator[Broker]:
    """Use the broker that runs, or start the embedded one and stop it at the end; topics are there either way.

    An embedded one that others use by then is stopped when they are done.
    """
    cluster = LocalCluster(settings.data_dir, settings.cache_dir, allow_download=not settings.offline)
    broker = Broker(settings, Users(settings.data_dir))
    try:
        broker = await _find_or_start(broker, cluster)
        await create_topics(broker.settings)
        yield broker
        await broker.last()
    finally:
        await asyncio.to_thread(cluster.stop)
        broker.users.leave()


async def _find_or_start(broker: Broker, cluster: LocalCluster) -> Broker:
    settings, users = broker.settings, broker.users
    running = read_cluster(settings.data_dir)
    if settings.broker_url and (running is None or running.broker_url != settings.broker_url):
        return broker  # not an embedded one
    if running is not None and users.join():
        return Broker(at(settings, running), users)
    said = False
    with waiting("Starting Kafka"):
        while True:
            try:
                started = await asyncio.to_thread(cluster.start)
                return Broker(at(settings, started), users, cluster)
            except AlreadyRunning as error:  # another one comes or goes
                if not said:
                    console.print(f"{escape(error.reason)} Waiting for it.", soft_wrap=True)
                    said = True
            await asyncio.sleep(_POLL_S)
            running = read_cluster(settings.data_dir)
            if running is not None and users.join():
                return Broker(at(settings, running), users)


def at(settings: Settings, cluster: ClusterInfo) -> Settings:
    """The settings with the addresses of an embedded cluster."""
    found = cluster.addresses()
    if settings.database_url:  # of one's own
        found.pop("database_url", None)
    return settings.model_copy(update=found)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say what takes seconds, with a spinner on a terminal and a line elsewhere."""
    if not console.is_terminal:
        console.print(what)
        yield
        return
    with console.status(f"{what}..."):
        yield


@dataclass(frozen=True)
class Agents:
    """The agents that are kept alive here."""

    supervisor: Supervisor

    def check(self) -> None:
        """Give up on an environment in which an agent cannot work; with `clipstream up` it would wait for a remedy.

        Raises:
            Fatal: why an agent left again and again.
        """
        for child in self.supervisor.children:
            if child.fatal >= _HOPELESS and child.reason:
                raise Fatal(child.reason, "Then run the command again: it goes on where it stopped.")


@asynccontextmanager
async def agents_running(broker: Broker, profiles: Iterable[Profile]) -> AsyncIterator[Agents]:
    """Start the agents of which no worker runs anywhere, keep them alive, stop them at the end.

    Args:
        broker: when it is ours, nobody else can have workers at it, so all are started at once.
        profiles: of the videos to come; decides which models must be there.
    """
    settings = broker.settings
    await asyncio.to_thread(pull_models, settings, profiles)
    supervisor, keeper = Supervisor(settings, (), SYSTEM_CLOCK), agents_lock(settings)
    kept = Agents(supervisor)
    if broker.ours and keeper.acquire():
        console.print("Starting the agents")
        supervisor.add(agents.wanted(settings))
    watch = asyncio.create_task(_watch(supervisor, keeper, settings))
    try:
        yield kept
        await broker.last()
    finally:
        watch.cancel()
        await asyncio.to_thread(supervisor.stop)
        keeper.release()


def agents_lock(settings: Settings) -> OwnerLock:
    """Whoever keeps the agents of a state folder alive holds it, so that two runs at a time have one set of them."""
    return OwnerLock(settings.data_dir / "agents.lock")


async def _watch(supervisor: Supervisor, keeper: OwnerLock, settings: Settings) -> None:
    """Keep our workers alive, and start one for each agent that has none.

    Asked again and again, since a broker takes stopped workers for members until their session times out.
    """
    asked_s, wanted = -_ASK_S, agents.wanted(settings)
    while True:
        if not keeper.held and not await asyncio.to_thread(keeper.acquire):
            await asyncio.sleep(_ASK_S)  # another run on this machine keeps them
            continue
        if SYSTEM_CLOCK.monotonic_s() - asked_s >= _ASK_S and len(supervisor.children) < len(wanted):
            with suppress(BrokerUnreachable, KafkaError):  # away for a moment; whoever waits for results hears of more
                busy = await agents_with_members(settings)
                absent = tuple(name for name in wanted if name not in busy)
                if absent and not supervisor.children:
                    console.print("Starting the agents")
                supervisor.add(absent)
            asked_s = SYSTEM_CLOCK.monotonic_s()
        for child in supervisor.poll():
            if child.state in ("restarting", "down"):
                why = escape(child.reason or f"log: {child.log}")
                console.print(
                    f"[yellow]{child.agent} died ({child.last_exit}); {child.state}.[/] {why}", soft_wrap=True
                )
        await asyncio.sleep(_POLL_S)


def models_for(settings: Settings, profiles: Iterable[Profile]) -> list[str]:
    """Names of the models that videos of these profiles need."""
    names = {"silero-vad", "yunet", "nanodet-g", "efficientnet-lite0", "campplus", "use-multilingual", "transnetv2"}
    if settings.vision_labels:
        names.add("clip-vit-base-patch32")
    device: Device = "cuda" if settings.asr_device == "cuda" else "cpu"  # a GPU's models are fetched when it is found
    for profile in profiles:
        names |= models_of(settings.recognition.tier(profile, device), settings.asr_model)
    return sorted(names)


def pull_models(settings: Settings, profiles: Iterable[Profile]) -> None:
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
