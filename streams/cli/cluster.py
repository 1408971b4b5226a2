"""`up`, `down`, `worker`: what runs on this machine."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Annotated, Final

import psutil
import typer
from rich.live import Live
from rich.table import Table

from ops.local.cluster import ClusterInfo, LocalCluster, read_cluster
from ops.local.errors import StartFailed
from processors.errors import ClipstreamError, from_os_error
from streams import agents
from streams.admin import create_topics
from streams.cli.console import console, escape
from streams.cli.embedded import agents_lock, pull_models
from streams.clock import SYSTEM_CLOCK
from streams.places import check_places
from streams.secrets import masked
from streams.settings import Settings, load_settings
from streams.supervisor import Child, Supervisor, clipstream_command

_POLL_S: Final = 0.2
_DETACH_LIMIT_S: Final = 600.0  # the first start downloads some 150 MB
_DOWN_LIMIT_S: Final = 40.0
_INSTANCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SUPERVISOR_NOTE: Final = "supervisor.pid"


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
) -> None:
    """Start the embedded Kafka and Valkey and all agents, and keep them running.

    With CLIPSTREAM_BROKER_URL set, only the agents are started, against that broker.

    Examples:

        clipstream up

        clipstream up --detach && clipstream ingest talk.mp4

        clipstream up --detach --ui
    """
    settings = load_settings()
    if _supervisor_pid(settings) is not None:
        running = read_cluster(settings.data_dir)
        console.print(f"Already running (process {_supervisor_pid(settings)}).")
        _print_addresses(running)
        if running is not None and ((registry and not running.registry_url) or (ui and not running.ui_url)):
            raise ClipstreamError("It runs without what was asked for.", "`clipstream down`, then again.")
        return
    if settings.broker_url and (registry or ui):
        raise ClipstreamError(
            "--registry and --ui start theirs for the embedded Kafka, "
            f"and the broker is {masked(settings.broker_url)}.",
            "Name a registry that runs: CLIPSTREAM_REGISTRY_URL=http://host:8081.",
        )
    check_places(settings)
    if detach:
        _detach(settings, [*(["--registry"] if registry else []), *(["--ui"] if ui else [])])
        return
    # without a network the small model of the fast profile may be missing; everything else works without it
    pull_models(settings, {"balanced"} if settings.offline else {"fast", "balanced"})
    if settings.broker_url:
        _serve(settings, None)
        return
    cluster = LocalCluster(
        settings.data_dir, settings.cache_dir, registry=registry, ui=ui, allow_download=not settings.offline
    )
    try:
        started = cluster.start()
        _print_addresses(started)
        _serve(settings.model_copy(update=started.addresses()), cluster)
    finally:
        cluster.stop()


def down() -> None:
    """Stop what `clipstream up` started, agents first, then Valkey and Kafka."""
    settings = load_settings()
    pid = _supervisor_pid(settings)
    if pid is None:
        console.print("Nothing runs here.")
        return
    process = psutil.Process(pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_DOWN_LIMIT_S)
    except psutil.TimeoutExpired:
        process.kill()  # its children die with it
        console.print("[yellow]It did not stop in time and was killed.[/]")
    console.print("Stopped.")


def worker(
    name: Annotated[str, typer.Argument(help="Agent: " + ", ".join(agents.NAMES))],
    instance: Annotated[
        str | None,
        typer.Option(help="Name of this worker among those of the agent: up to 64 letters, digits, '.', '_', '-'."),
    ] = None,
) -> None:
    """Run one agent in the foreground, against the broker in the settings.

    Examples:

        CLIPSTREAM_BROKER_URL=kafka://broker:9092 clipstream worker transcriber
    """
    if name not in agents.NAMES:
        raise typer.BadParameter(f"No agent '{name}'. There are: {', '.join(agents.NAMES)}.")
    if instance is not None and not _INSTANCE.fullmatch(instance):  # it is part of names of folders
        raise typer.BadParameter(
            "Up to 64 letters, digits, '.', '_' and '-', the first a letter or digit.", param_hint="--instance"
        )
    from streams.worker import run_worker

    settings = load_settings()
    asyncio.run(create_topics(settings))
    run_worker(name, settings, instance)


def _serve(settings: Settings, cluster: LocalCluster | None) -> None:
    """Run the supervisor until a signal; the embedded servers come back too when they die."""
    asyncio.run(create_topics(settings))
    keeper = agents_lock(settings)
    if not keeper.acquire():
        raise ClipstreamError(
            f"Another clipstream runs the agents of {settings.data_dir}.",
            "Wait until it is done, or set CLIPSTREAM_DATA_DIR to another folder.",
        )
    supervisor = Supervisor(settings, agents.NAMES, SYSTEM_CLOCK)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: done.set())
    note = settings.data_dir / _SUPERVISOR_NOTE
    note.write_text(f"{os.getpid()} {psutil.Process().create_time()}")
    supervisor.start()
    try:
        if console.is_terminal:
            with Live(_table(supervisor), console=console, refresh_per_second=2) as live:
                while not done.wait(_POLL_S):
                    _revive(cluster)
                    supervisor.poll()
                    live.update(_table(supervisor))
        else:
            console.print("Agents started; logs are in " + escape(str(settings.log_dir)))
            while not done.wait(_POLL_S):
                _revive(cluster)
                _say(supervisor.poll())
    finally:
        console.print("Stopping the agents")
        supervisor.stop()
        note.unlink(missing_ok=True)
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


def _detach(settings: Settings, flags: list[str]) -> None:
    try:
        settings.log_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, f"making {settings.log_dir}") from error
    log = settings.log_dir / "up.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*clipstream_command(), "up", *flags],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    deadline = time.monotonic() + _DETACH_LIMIT_S
    while _supervisor_pid(settings) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace").strip().splitlines()[-5:]
            raise ClipstreamError("It did not start. The end of its log:\n  " + "\n  ".join(tail), f"All of it: {log}")
        time.sleep(_POLL_S)
    console.print(f"Running in the background (process {process.pid}); `clipstream down` stops it.")
    _print_addresses(read_cluster(settings.data_dir))


def _print_addresses(cluster: ClusterInfo | None) -> None:
    if cluster is not None:
        console.print(f"Kafka {cluster.broker_url}   Valkey {cluster.cache_url}", soft_wrap=True)
    if cluster is not None and cluster.registry_url:
        console.print(f"Schema registry {cluster.registry_url}", soft_wrap=True)
    if cluster is not None and cluster.ui_url:
        console.print(f"Kafka UI {cluster.ui_url}", soft_wrap=True)


def _supervisor_pid(settings: Settings) -> int | None:
    note = Path(settings.data_dir / _SUPERVISOR_NOTE)
    try:
        pid, created = note.read_text().split()
        process = psutil.Process(int(pid))
        return process.pid if abs(process.create_time() - float(created)) < 1.0 else None
    except (FileNotFoundError, NotADirectoryError, ValueError, psutil.NoSuchProcess):
        return None


__all__ = ["register"]
