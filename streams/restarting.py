"""Workers of `clipstream up` ended one after the other, each of them back at work before the next one goes.

The supervisor starts what has ended, from whatever is installed by then: so a new version comes in, while videos go on
through the other agents and what came for this one waits on its topics.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import psutil

from processors.errors import ClipstreamError
from streams import agents
from streams.clock import Clock
from streams.health import LOOPBACK, health_of
from streams.settings import Settings
from streams.supervisor import read_states, supervisor_of
from streams.worker import living_workers

# Whoever reads a topic goes before those who write it: a worker that meets the schema of a newer build stops and waits
# for its own upgrade.
READERS_FIRST: Final = (
    "sink", "enricher", "segmenter", "joiner", "content", "vision", "transcriber",
    "metadata", "frame-extractor", "audio-extractor",
)  # fmt: skip
# A worker is back after 9 s; with a load of 60 on two cores the first one of a new version took 121 s.
BACK_LIMIT_S: Final = 300.0
_HOPELESS: Final = 3  # deaths in a row of the one that is to come back
# As Kubernetes gives a pod. On two cores with a load of 60 two of eight workers took more than the 10 s of `down`.
_END_LIMIT_S: Final = 30.0
_POLL_S: Final = 0.2
_ANSWER_LIMIT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Restarted:
    """A worker that is back.

    Args:
        agent: which one.
        pid: its process.
        version: what it runs.
        seconds: from the end of the old one being asked for until this one had its partitions.
    """

    agent: str
    pid: int
    version: str
    seconds: float


async def restart(settings: Settings, names: tuple[str, ...], clock: Clock) -> AsyncIterator[Restarted]:
    """End the workers of these agents and wait for their successors, one after the other.

    Args:
        settings: of the data folder whose `up` keeps them.
        names: of agents; none for all that run, readers first.
        clock: for limits.

    Yields:
        Each worker that is back.

    Raises:
        ClipstreamError: nobody keeps an agent, or its worker did not come back. Those behind it were left alone.
    """
    kept = read_states(settings.data_dir)
    wanted = names or tuple(name for name in READERS_FIRST if name in kept)
    for name in wanted:
        if name not in agents.ALL:
            raise ClipstreamError(f"No agent '{name}'.", f"There are: {', '.join(agents.ALL)}.")
    if not wanted or any(name not in kept for name in wanted):
        absent = next((name for name in wanted if name not in kept), "agents")
        raise ClipstreamError(
            f"No `clipstream up` keeps {absent} in {settings.data_dir}: nobody would start it again.",
            "A worker that was started by hand is ended and started by hand.",
        )
    for name in wanted:
        living: Sequence[dict[str, Any] | None] = _kept(settings, name)
        for old in living or (None,):  # it is dead just now, and waited for
            yield await _restarted(settings, name, old, clock)


def by_hand(settings: Settings, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The notes of workers of these agents (none for all) that nobody starts again, so that `restart` leaves them."""
    return [
        note
        for name in names or READERS_FIRST
        for note in _living(settings, name)
        if not _is_kept(note, supervisor_of(settings.data_dir))
    ]


async def _restarted(settings: Settings, name: str, old: dict[str, Any] | None, clock: Clock) -> Restarted:
    """End a worker and wait for the one of the same instance that takes its place."""
    began_s, deaths = clock.monotonic_s(), read_states(settings.data_dir).get(name, {}).get("restarts", 0)
    if old is not None:
        await asyncio.to_thread(_end, int(old["pid"]))
    while True:
        for note in _kept(settings, name):
            if old is not None and (note["instance"] != old["instance"] or note["pid"] == old["pid"]):
                continue
            if await asyncio.to_thread(_works, int(note["port"])):
                return Restarted(name, note["pid"], note.get("version", "?"), clock.monotonic_s() - began_s)
        child = read_states(settings.data_dir).get(name, {})
        if child.get("state") == "down":
            raise ClipstreamError(f"{name} stays down after {child['last_exit']}. {child['reason']}", _LOOK)
        why = f" {child['reason']}" if child.get("reason") else ""
        if why and child["restarts"] - deaths > _HOPELESS:
            raise ClipstreamError(f"{name} dies again and again ({child['last_exit']}).{why}", _LOOK)
        if clock.monotonic_s() - began_s > BACK_LIMIT_S:
            raise ClipstreamError(f"{name} did not come back within {BACK_LIMIT_S:.0f} s.{why}", _LOOK)
        await clock.sleep(_POLL_S)


_LOOK: Final = "`clipstream status` and `clipstream logs` say more; agents behind it were not restarted."


def _kept(settings: Settings, name: str) -> list[dict[str, Any]]:
    return [note for note in _living(settings, name) if _is_kept(note, supervisor_of(settings.data_dir))]


def _living(settings: Settings, name: str) -> list[dict[str, Any]]:
    return [note for note in living_workers(settings.data_dir) if note["agent"] == name]


def _is_kept(note: dict[str, Any], supervisor: int | None) -> bool:
    """Whether the supervisor started it, and so starts it again; one that has just ended is nobody's."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(int(note["pid"])).ppid() == supervisor
    return False


def _end(pid: int) -> None:
    """Ask a worker to end, as `down` does; killed where it does not, which costs nothing but a repeat."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_END_LIMIT_S)
        except psutil.TimeoutExpired:
            process.kill()


def _works(port: int) -> bool:
    """Whether a worker has its partitions, its tables and its models."""
    told = health_of(LOOPBACK, port, _ANSWER_LIMIT_S)
    return told is not None and bool(told["ok"] and told["warm"] and told["broker"] and told["partitions"])


__all__ = ["READERS_FIRST", "Restarted", "by_hand", "restart"]
