"""`up`, `down`, `worker`: what runs on this machine."""

from __future__ import annotations

import asyncio
import os
import re
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
from streams.cli.background import accompany, start_detached, stop_up, wait_for
from streams.cli.collecting import collecting
from streams.cli.console import console, escape
from streams.cli.embedded import agents_lock, pull_models
from streams.cli.up_note import Up, forget_up, note_up, one_at_a_time, read_up
from streams.clock import SYSTEM_CLOCK
from streams.places import check_places
from streams.reading import load_settings
from streams.secrets import masked
from streams.settings import Settings
from streams.supervisor import Child, Supervisor

_POLL_S: Final = 0.2
_END_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)
_INSTANCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    panel = "Cluster and agents"
    app.command(rich_help_panel=panel)(up)
    app.command(rich_help_panel=panel)(down)
    app.command(rich_help_panel=panel)(worker)


def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Run in the background; `clipstream down` stops.")
    ] = False,
    registry: Annotated[
        bool, typer.Option("--registry", help="Also a schema registry that knows our schemas.")
    ] = False,
    ui: Annotated[bool, typer.Option("--ui", help="Also a Kafka UI in the browser; brings the registry.")] = False,
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
    """
    settings = load_settings()
    check_places(settings)
    with one_at_a_time(settings.data_dir):
        other = read_up(settings.data_dir)
        if other is None or other.pid == os.getpid():  # a detached one was noted by the one that started it
            other = None
            if settings.broker_url and (registry or ui):
                raise ClipstreamError(
                    "--registry and --ui start theirs for the embedded Kafka, "
                    f"and the broker is {masked(settings.broker_url)}.",
                    "Name a registry that runs: CLIPSTREAM_REGISTRY_URL=http://host:8081.",
                )
            if settings.broker_url and without_agents:
                raise ClipstreamError(
                    f"The broker is {masked(settings.broker_url)}, so without the agents there is nothing to start."
                )
            if detach:
                flags = {"--registry": registry, "--ui": ui, "--no-agents": without_agents}
                process = start_detached(settings, [flag for flag, wanted in flags.items() if wanted])
            else:
                _stop_at_signals()
                note_up(settings.data_dir, os.getpid(), "starting")
    if other is not None:
        _show_other(settings, other, detach=detach, registry=registry, ui=ui)
    elif detach:
        accompany(settings, process)
    else:
        _run_here(settings, registry=registry, ui=ui, names=() if without_agents else agents.wanted(settings))


def _show_other(settings: Settings, other: Up, *, detach: bool, registry: bool, ui: bool) -> None:
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
    if running is not None and ((registry and not running.registry_url) or (ui and not running.ui_url)):
        raise ClipstreamError("It runs without what was asked for.", "`clipstream down`, then again.")


def _run_here(settings: Settings, *, registry: bool, ui: bool, names: tuple[str, ...]) -> None:
    """Start everything and keep it running until a signal, whichever way it comes to its end."""
    cluster = None
    try:
        if names:
            # without a network the small model of the fast profile may be missing; everything else works without it
            pull_models(settings, {"balanced"} if settings.offline else {"fast", "balanced"})
        if not settings.broker_url:
            cluster = LocalCluster(
                settings.data_dir, settings.cache_dir, registry=registry, ui=ui, allow_download=not settings.offline
            )
            started = cluster.start()
            _print_addresses(started)
            settings = settings.model_copy(update=started.addresses())
        _serve(settings, cluster, names)
    except KeyboardInterrupt:
        console.print("Interrupted; stopping what was started.")
        raise
    finally:
        with suppress(OSError):  # a full disk
            note_up(settings.data_dir, os.getpid(), "stopping")
        if cluster is not None:
            cluster.stop()
        forget_up(settings.data_dir, os.getpid())


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


def worker(
    name: Annotated[str, typer.Argument(help="Agent: " + ", ".join(agents.ALL))],
    instance: Annotated[
        str | None,
        typer.Option(help="Name of this worker among those of the agent: up to 64 letters, digits, '.', '_', '-'."),
    ] = None,
) -> None:
    """Run one agent in the foreground, against the broker in the settings.

    Examples:

        CLIPSTREAM_BROKER_URL=kafka://broker:9092 clipstream worker transcriber
    """
    if name not in agents.ALL:
        raise typer.BadParameter(f"No agent '{name}'. There are: {', '.join(agents.ALL)}.")
    if instance is not None and not _INSTANCE.fullmatch(instance):  # it is part of names of folders
        raise typer.BadParameter(
            "Up to 64 letters, digits, '.', '_' and '-', the first a letter or digit.", param_hint="--instance"
        )
    from streams.worker import run_worker

    settings = load_settings()
    asyncio.run(create_topics(settings))
    run_worker(name, settings, instance)


def _serve(settings: Settings, cluster: LocalCluster | None, names: tuple[str, ...]) -> None:
    """Run the supervisor until a signal; the embedded servers come back too when they die."""
    asyncio.run(create_topics(settings))
    keeper = agents_lock(settings)
    if names and not keeper.acquire():
        raise ClipstreamError(
            f"Another clipstream runs the agents of {settings.data_dir}.",
            "Wait until it is done, or set CLIPSTREAM_DATA_DIR to another folder.",
        )
    supervisor = Supervisor(settings, names, SYSTEM_CLOCK)
    done = threading.Event()
    for number in (*_END_SIGNALS, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    running = ExitStack()
    try:
        supervisor.start()
        running.enter_context(collecting(settings, lambda line: console.print(escape(line), soft_wrap=True)))
        note_up(settings.data_dir, os.getpid(), "running")
        if console.is_terminal:
            with Live(_table(supervisor), console=console, refresh_per_second=2) as live:
                while not done.wait(_POLL_S):
                    _revive(cluster)
                    supervisor.poll()
                    live.update(_table(supervisor))
        else:
            what = "Agents started" if names else "Started without agents"
            console.print(f"{what}; logs are in {escape(str(settings.log_dir))}", soft_wrap=True)
            while not done.wait(_POLL_S):
                _revive(cluster)
                _say(supervisor.poll())
    finally:
        if names:
            console.print("Stopping the agents")
        with suppress(OSError):
            note_up(settings.data_dir, os.getpid(), "stopping")
        supervisor.stop()
        running.close()
        keeper.release()


def _revive(cluster: LocalCluster | None) -> None:
    dead = cluster.died() if cluster is not None else ()
    if cluster is None or not dead:
        return
    console.print(f"{' and '.join(dead)} died; starting again")
    try:
        cluster.revive()
    except StartFailed as error:
        console.print(f"[red]{escape(error.reason)}[/] Trying again.", soft_wrap=True)


def _say(changed: list[Child]) -> None:
    for child in changed:
        if child.state in ("restarting", "down"):
            why = escape(child.reason or f"log: {child.log}")
            console.print(f"{child.agent}: {child.state} after {child.last_exit}. {why}", soft_wrap=True)


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


__all__ = ["register"]
