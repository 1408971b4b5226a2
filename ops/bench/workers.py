"""Real workers under the real supervisor, for benchmarks: started, waited for, measured."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Final

import psutil

from streams.groups import group_states
from streams.settings import Settings
from streams.supervisor import Supervisor
from streams.worker import living_workers

READY_LIMIT_S: Final = 120.0
_POLL_S: Final = 0.2


async def ready(settings: Settings, supervisor: Supervisor) -> None:
    """Wait until every worker has joined its group and loaded its models.

    Raises:
        TimeoutError: after two minutes.
    """
    wanted = Counter(child.agent for child in supervisor.children)
    deadline = time.monotonic() + READY_LIMIT_S
    while not (_warm(settings) == wanted and await _members(settings) >= wanted):
        supervisor.poll()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the agents are not ready after {READY_LIMIT_S:.0f} s; logs are in {settings.log_dir}")
        await asyncio.sleep(_POLL_S)


def pids(supervisor: Supervisor) -> list[tuple[str, int]]:
    """(Agent, process) of the workers that run."""
    return [(child.agent, child.process.pid) for child in supervisor.children if child.process is not None]


def processor_s(pid: int) -> float:
    """Seconds of processor that a process and its children have used; 0.0 when it is gone."""
    total = 0.0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            times = process.cpu_times()
            total += times.user + times.system
    except psutil.Error:
        pass
    return total


async def _members(settings: Settings) -> Counter[str]:
    return Counter({state.agent: state.members for state in await group_states(settings)})


def _warm(settings: Settings) -> Counter[str]:
    return Counter(str(note["agent"]) for note in living_workers(settings.data_dir) if note["warm"])
