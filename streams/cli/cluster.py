"""`up`, `down`: what runs on this machine."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import ExitStack, suppress
from typing import Annotated, Final

import typer
from rich.live import Live
from rich.table import Table

from ops.local.cluster import ClusterInfo, LocalCluster, read_cluster
from ops.local.errors import StartFailed
from processors.errors import ClipstreamError
from streams import agents
from streams.admin import create_topics
from streams.cli.background import Detached, stop_up, wait_for
from streams.cli.beside import Beside
from streams.cli.collecting import collecting
from streams.cli.console import console, escape
from streams.cli.embedded import agents_lock, at, pull_models
from streams.cli.up_note import Up, forget_up, note_up, one_at_a_time, read_up
from streams.clock import SYSTEM_CLOCK
from streams.health import health_of
from streams.observer import Observer
from streams.places import check_places
from streams.reading import load_settings
from streams.settings import Settings
from streams.supervisor import GATEWAY, Child, Supervisor

_POLL_S: Final = 0.2
_REVIVE_AGAIN_S: Final = 5.0
_GATEWAY_S: Final = 60.0  # it takes 3 s; one that cannot start must not hide what runs
_ANSWER_LIMIT_S: Final = 1.0
_END_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    panel = "Cluster and agents"
    app.command(rich_help_panel=panel)(up)
    app.command(rich_help_panel=panel)(down)


def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Run in the background; `clipstream down` stops.")
    ] = False,
    registry: Annotated[
        bool, typer.Option("--registry", help="Also a schema registry that knows our schemas.")
    ] = False,
    ui: Annotated[bool, typer.Option("--ui", help="Also a Kafka UI in the browser; brings the registry.")] = False,
    gateway: Annotated[
        bool, typer.Option("--gateway", help="Also the HTTP gateway with the page, at 127.0.0.1:8080 unless set.")
    ] = False,
    observe: Annotated[
        bool, typer.Option("--observe", help="Also a Prometheus with our alerts, where it is installed.")
    ] = False,
    db: Annotated[bool, typer.Option("--db", help="Also a Postgres that is filled with the results.")] = False,
    without_agents: Annotated[
        bool, typer.Option("--no-agents", help="Only the servers; `clipstream worker` starts agents.")
    ] = False,
) -> None:
    """Start the embedded Kafka and Valkey and all agents, and keep them running.

    With CLIPSTREAM_BROKER_URL set, only the agents are started, against that broker.

    Examples:

        clipstream up

        clipstream up --detach && clipstream ingest talk.mp4

        clipstream up --detach --ui

        clipstream up --gateway --db --observe
    """
    settings = load_settings()
    check_places(settings)
    wanted = Beside(registry, ui, gateway, observe, db, agents=not without_agents)
    with Detached(settings) as detached:
        with one_at_a_time(settings.data_dir):
            other = read_up(settings.data_dir)
            if other is None or other.pid == os.getpid():  # a detached one was noted by the one that started it
                other = None
                wanted.check(settings)
                if detach:
                    detached.start(wanted.flags())
                else:
                    _stop_at_signals()
                    note_up(settings.data_dir, os.getpid(), "starting")
        if other is not None:
            _show_other(settings, other, wanted, detach=detach)
        elif detach:
            detached.accompany()
        else:
            _run_here(settings, wanted)


def _show_other(settings: Settings, other: Up, wanted: Beside, *, detach: bool) -> None:
    if other.state == "stopping":
        raise ClipstreamError(f"The last one is still stopping (process {other.pid}).", "Try again in some seconds.")
    if other.state == "starting":
        if not detach:
            raise ClipstreamError(
                f"Another `clipstream up` is starting (process {other.pid}).", "`clipstream down` ends it."
            )
        console.print(f"Another `clipstream up` is starting (process {other.pid}). Waiting for it.")
        wait_for(settings, other.pid)
    console.print(f"Already running (process {other.pid}).")
    running = read_cluster(settings.data_dir)
    _print_addresses(running)
    if running is not None and not wanted.runs_in(running):
        raise ClipstreamError("It runs without what was asked for.", "`clipstream down`, then again.")


def _run_here(settings: Settings, wanted: Beside) -> None:
    """Start everything and keep it running until a signal, whichever way it comes to its end."""
    cluster = observer = None
    try:
        if wanted.agents:
            # without a network the small model of the fast profile may be missing; everything else works without it
            pull_models(settings, {"balanced"} if settings.offline else {"fast", "balanced"})
        if not settings.broker_url:
            cluster = LocalCluster(
                settings.data_dir, settings.cache_dir, registry=wanted.registry, ui=wanted.ui, database=wanted.db,
                allow_download=not settings.offline,
            )  # fmt: skip
            started = cluster.start()
            _print_addresses(started)
            settings = at(settings, started)
        if wanted.db:
            from streams.database import migrate

            migrate.upgrade(settings)
        if wanted.observe:
            observer = _observer(settings, cluster)
        names = agents.wanted(settings) if wanted.agents else ()
        _serve(settings, cluster, names, (GATEWAY,) if wanted.gateway else (), observer)
    except KeyboardInterrupt:
        console.print("Interrupted; stopping what was started.")
        raise
    finally:
        with suppress(OSError):  # a full disk
            note_up(settings.data_dir, os.getpid(), "stopping")
        if observer is not None:
            observer.stop()
        if cluster is not None:
            cluster.stop()
        forget_up(settings.data_dir, os.getpid())


def _observer(settings: Settings, cluster: LocalCluster | None) -> Observer:
    observer = Observer(settings, SYSTEM_CLOCK)
    try:
        observer.start()
        if cluster is not None:
            cluster.note_prometheus(observer.url)
    except BaseException:
        observer.stop()
        raise
    console.print(f"Prometheus {observer.url}", soft_wrap=True)
    return observer


def _stop_at_signals() -> None:
    """While it starts: a signal ends it as an error would. `_serve` has handlers of its own."""

    def end(number: int, _: object) -> None:
        for one in _END_SIGNALS:
            signal.signal(one, signal.SIG_IGN)  # the end is on its way
        raise SystemExit(128 + number)

    for one in _END_SIGNALS:
        signal.signal(one, end)


def down() -> None:
    """Stop what `clipstream up` started, agents first, then Valkey and Kafka."""
    settings = load_settings()
    running = read_up(settings.data_dir)
    if running is None:
        console.print("Nothing runs here.")
        return
    stop_up(settings, running.pid)
    console.print("Stopped.")


def _serve(
    settings: Settings,
    cluster: LocalCluster | None,
    names: tuple[str, ...],
    beside: tuple[str, ...] = (),
    observer: Observer | None = None,
) -> None:
    """Run the supervisor until a signal; the embedded servers come back too when they die.

    Args:
        settings: with a broker.
        cluster: the embedded servers, where they were started here.
        names: agents, which one process of a data folder keeps.
        beside: what else it keeps running.
        observer: its Prometheus.
    """
    asyncio.run(create_topics(settings))
    keeper = agents_lock(settings)
    if names and not keeper.acquire():
        raise ClipstreamError(
            f"Another clipstream runs the agents of {settings.data_dir}.",
            "Wait until it is done, or set CLIPSTREAM_DATA_DIR to another folder.",
        )
    supervisor = Supervisor(settings, (*names, *beside), SYSTEM_CLOCK)
    done = threading.Event()
    for number in (*_END_SIGNALS, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    reviver, running = _Reviver(cluster), ExitStack()
    try:
        supervisor.start()
        running.enter_context(collecting(settings, lambda line: console.print(escape(line), soft_wrap=True)))
        if beside:
            console.print(f"Gateway http://{settings.gateway_host}:{settings.gateway_port}", soft_wrap=True)
        if not console.is_terminal:
            what = "Agents started" if names else "Started without agents"
            console.print(f"{what}; logs are in {escape(str(settings.log_dir))}", soft_wrap=True)
        started = _Started(settings, gateway=bool(beside))
        if console.is_terminal:
            with Live(_table(supervisor), console=console, refresh_per_second=2) as live:
                while not done.wait(_POLL_S):
                    reviver.poll()
                    supervisor.poll()
                    _observe(observer, supervisor)
                    started.poll()
                    live.update(_table(supervisor))
        else:
            while not done.wait(_POLL_S):
                reviver.poll()
                _say(supervisor.poll())
                _observe(observer, supervisor)
                started.poll()
    finally:
        if names:
            console.print("Stopping the agents")
        with suppress(OSError):
            note_up(settings.data_dir, os.getpid(), "stopping")
        supervisor.stop()
        running.close()
        keeper.release()


def _observe(observer: Observer | None, supervisor: Supervisor) -> None:
    if observer is not None:
        observer.keep(supervisor.children)


class _Started:
    """Notes that all runs, once the gateway answers: who waits for that passes on the lines so far, and leaves."""

    def __init__(self, settings: Settings, *, gateway: bool) -> None:
        self._settings, self._waits = settings, gateway
        self._due_s = SYSTEM_CLOCK.monotonic_s() + _GATEWAY_S
        self._noted = False
        self.poll()

    def poll(self) -> None:
        """Look, until it is noted."""
        host, port = self._settings.gateway_host, self._settings.gateway_port
        waits = self._waits and SYSTEM_CLOCK.monotonic_s() < self._due_s
        if self._noted or (waits and health_of(host, port, _ANSWER_LIMIT_S) is None):
            return
        note_up(self._settings.data_dir, os.getpid(), "running")
        self._noted = True


class _Reviver:
    """Starts servers again that died; where that fails, as on a full disk, again after a pause."""

    def __init__(self, cluster: LocalCluster | None) -> None:
        self._cluster, self._due_s = cluster, float("-inf")

    def poll(self) -> None:
        """Look, and start what died."""
        dead = self._cluster.died() if self._cluster is not None else ()
        if self._cluster is None or not dead or SYSTEM_CLOCK.monotonic_s() < self._due_s:
            return
        _tell(f"{' and '.join(dead)} died; starting again")
        try:
            self._cluster.revive()
        except (StartFailed, OSError) as error:
            reason = error.reason if isinstance(error, StartFailed) else str(error)
            _tell(f"[red]{escape(reason)}[/] Trying again.")
            self._due_s = SYSTEM_CLOCK.monotonic_s() + _REVIVE_AGAIN_S


def _tell(text: str) -> None:
    with suppress(OSError):  # the log of `up` may lie on a full disk
        console.print(text, soft_wrap=True)


def _say(changed: list[Child]) -> None:
    for child in changed:
        if child.state in ("restarting", "down"):
            why = escape(child.reason or f"log: {child.log}")
            _tell(f"{child.agent}: {child.state} after {child.last_exit}. {why}")


def _table(supervisor: Supervisor) -> Table:
    table = Table("agent", "state", "process", "restarts", box=None, header_style="bold", pad_edge=False)
    colours = {"running": "green", "restarting": "yellow", "down": "red"}
    for child in supervisor.children:
        pid = str(child.process.pid) if child.process is not None else child.last_exit
        state = f"[{colours.get(child.state, 'white')}]{child.state}[/]"
        table.add_row(child.agent, state, pid, str(child.restarts))
    return table


def _print_addresses(cluster: ClusterInfo | None) -> None:
    if cluster is not None:
        console.print(f"Kafka {cluster.broker_url}   Valkey {cluster.cache_url}", soft_wrap=True)
    if cluster is not None and cluster.registry_url:
        console.print(f"Schema registry {cluster.registry_url}", soft_wrap=True)
    if cluster is not None and cluster.ui_url:
        console.print(f"Kafka UI {cluster.ui_url}", soft_wrap=True)
    if cluster is not None and cluster.prometheus_url:
        console.print(f"Prometheus {cluster.prometheus_url}", soft_wrap=True)
    if cluster is not None and cluster.database_url:
        told = f"Postgres {cluster.database_url} (its password: postgres/password in the data folder)"
        console.print(told, soft_wrap=True)


__all__ = ["register"]
