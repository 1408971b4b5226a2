"""What a worker and its children take of the machine, sampled when it is scraped, and what that costs."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import psutil

from streams.clock import Clock
from streams.metrics.catalogue import (
    CHILDREN,
    CPU,
    CPU_SECONDS,
    DAILY_BUDGET,
    DISK_FREE,
    DISK_SIZE,
    INFRASTRUCTURE_COST,
    MEMORY,
    MEMORY_AVAILABLE,
    MEMORY_LIMIT,
    VIDEO_HOUR_VALUE,
)
from streams.metrics.services import SERVICES
from streams.settings import Settings

# Below that the clock of processor time (10 ms a step) makes a percentage of noise.
_SHORTEST_S: Final = 1.0
_HOUR_S: Final = 3_600.0
_GIB: Final = 2.0**30
_CGROUP: Final = Path("/sys/fs/cgroup")


class Machine:
    """A collector that yields nothing: it is registered first, and sets the gauges of the catalogue.

    Args:
        stage: of the worker.
        settings: data folder and prices.
        clock: monotonic time.
    """

    def __init__(self, stage: str, settings: Settings, clock: Clock) -> None:
        self._stage, self._settings, self._clock = stage, settings, clock
        self._self = psutil.Process()
        self._at_s = clock.monotonic_s()
        self._cpu_s = self._memory = 0.0
        self._rate_from: tuple[float, float] = (self._at_s, 0.0)
        self._one_at_a_time = threading.Lock()  # two scrapes at once would count the same seconds twice

    def describe(self) -> Iterable[Any]:
        """Nothing of its own."""
        return ()

    def collect(self) -> Iterable[Any]:
        """Sample."""
        with self._one_at_a_time:
            self._sample()
        return ()

    def _sample(self) -> None:
        now = self._clock.monotonic_s()
        alive = [self._self, *self._self.children(recursive=True)]
        memory = float(sum(_memory_of(one) for one in alive))
        # a child that has ended is in the times of whoever waited for it
        cpu_s = max(self._cpu_s, sum(_cpu_of(one) for one in alive))
        used_s, passed_s = cpu_s - self._cpu_s, now - self._at_s
        settings, stage = self._settings, self._stage
        CPU_SECONDS.labels(stage).inc(used_s)
        INFRASTRUCTURE_COST.labels(stage).inc(
            used_s / _HOUR_S * settings.cpu_hour_usd
            + (memory + self._memory) / 2 / _GIB * passed_s / _HOUR_S * settings.memory_gib_hour_usd
        )
        since_s, before_s = self._rate_from
        if now - since_s >= _SHORTEST_S:
            CPU.labels(stage).set(100.0 * (cpu_s - before_s) / (now - since_s))
            self._rate_from = (now, cpu_s)
        self._at_s, self._cpu_s, self._memory = now, cpu_s, memory
        MEMORY.labels(stage).set(memory)
        CHILDREN.labels(stage).set(len(alive) - 1)
        limit, available = _limits()
        MEMORY_LIMIT.set(limit)
        MEMORY_AVAILABLE.set(available)
        disk = shutil.disk_usage(settings.data_dir)
        DISK_FREE.set(disk.free)
        DISK_SIZE.set(disk.total)
        VIDEO_HOUR_VALUE.set(settings.video_hour_value_usd)
        DAILY_BUDGET.set(settings.daily_budget_usd)
        SERVICES.refresh()


def _memory_of(process: psutil.Process) -> int:
    """PSS, from the sum that the kernel keeps; RSS where there is none or it is another user's process."""
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0  # it has ended


def _cpu_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _limits() -> tuple[int, int]:
    """Limit of memory and what of it is left: of the container where it has one, else of the machine."""
    machine = psutil.virtual_memory()
    try:
        limit = int((_CGROUP / "memory.max").read_text())  # "max" is no number: no limit
        used = int((_CGROUP / "memory.current").read_text())
        cache = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return machine.total, machine.available
    if limit >= machine.total:
        return machine.total, machine.available
    # pages of files that are not in use are given up before anything is killed
    return limit, min(machine.available, limit - used + int(cache.get("inactive_file", 0)))


__all__ = ["Machine"]
