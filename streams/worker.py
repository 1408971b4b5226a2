"""Runs one agent as a process: logging, the Faust worker, the note that says it is alive."""

from __future__ import annotations

import asyncio
import json
import os
from importlib.metadata import version
from pathlib import Path

import faust
import psutil

from ops.local.alive import lives
from processors.errors import ClipstreamError, Fatal
from streams import frozen, logs, metrics, tracing
from streams.agents import build
from streams.clock import SYSTEM_CLOCK, boot_s
from streams.health import Health, serve
from streams.leaving import exit_worker
from streams.metrics.machine import Machine
from streams.settings import Settings


def run_worker(name: str, settings: Settings, instance: str | None) -> None:
    """Run an agent until it is told to stop; exits the process.

    Args:
        name: of the agent.
        settings: with a broker.
        instance: name of this worker among those of the agent, for static membership.
    """
    logs.set_up(settings, name, instance, SYSTEM_CLOCK)
    try:
        tracing.begin(settings, name, instance)
        worker = build(name, settings, instance)
    except ClipstreamError as error:  # a store or a cache that cannot be opened
        exit_worker(error)
        raise
    port = _serve(worker.health, name, settings)
    frozen.watch(settings.session_timeout_s, boot_s)
    note = note_path(settings.data_dir, name, instance)
    runs_version = version("clipstream")  # now: what is installed may be another one before it ends

    def write_note(warm: bool) -> None:
        note.parent.mkdir(parents=True, exist_ok=True)
        temporary = note.with_suffix(".part")
        temporary.write_text(
            json.dumps(
                {
                    "agent": name,
                    "instance": instance,
                    "pid": os.getpid(),
                    "created_s": psutil.Process().create_time(),
                    "port": port,
                    "warm": warm,
                    "version": runs_version,
                }
            )
        )
        temporary.replace(note)

    worker.health.warm = worker.pool is None
    write_note(warm=worker.health.warm)
    worker.on_warm(lambda: write_note(warm=True))
    try:
        runs = _Runs(
            worker.app,
            loglevel=settings.log_level,
            override_logging=False,
            redirect_stdouts=False,
            quiet=True,
        )
        runs.spinner = None  # at its end it shows the cursor of a terminal, in a log file too
        worker.health.follow(runs.loop)
        runs.execute_from_commandline()
    finally:
        if worker.at_end is not None:
            worker.at_end()
        tracing.end()
        note.unlink(missing_ok=True)


class _Runs(faust.Worker):  # type: ignore[misc]
    """Faust's worker without the second that it rests when all has stopped, which every stop would wait for."""

    async def _sentinel_task(self) -> None:
        await asyncio.sleep(0)


def _serve(health: Health, name: str, settings: Settings) -> int:
    """Serve health and what this agent's worker exposes; leaves the process when its port is taken."""
    registry = metrics.registry_of(name, first=Machine(name, settings, SYSTEM_CLOCK))
    try:
        return serve(health, registry, settings.metrics_port, settings.metrics_host)
    except OSError as error:
        taken = f"Port {settings.metrics_port} for metrics cannot be used: {error.strerror}."
        exit_worker(Fatal(taken, "CLIPSTREAM_METRICS_PORT=0 takes a free one; a fixed one serves one worker."))
        raise


def note_path(data_dir: Path, name: str, instance: str | None) -> Path:
    """Where a worker says that it runs."""
    return data_dir / "workers" / f"{name}-{instance or 'main'}.json"


def living_workers(data_dir: Path) -> list[dict[str, object]]:
    """The notes of workers on this host whose process is alive."""
    found = []
    for path in sorted((data_dir / "workers").glob("*.json")):
        try:
            note = json.loads(path.read_text())
            if lives(note["pid"], note["created_s"]):
                found.append(note)
        except (json.JSONDecodeError, KeyError, FileNotFoundError):
            continue
    return found
