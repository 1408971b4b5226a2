"""What is told of a worker's partitions: lag, how long nothing was committed, how long it took to come back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import psutil

from streams.clock import SYSTEM_CLOCK
from streams.metrics.catalogue import COMMIT_AGE, LAG, RECOVERY_SECONDS


def age_s() -> float:
    """Seconds since this process was started, its imports included."""
    return SYSTEM_CLOCK.now_ms() / 1000 - psutil.Process().create_time()


class Partitions:
    """The gauges of one worker's partitions.

    Args:
        stage: of the worker.
        age: seconds since the process started.
    """

    def __init__(self, stage: str, age: Callable[[], float] = age_s) -> None:
        self._stage, self._age_s = stage, age
        self._told: set[tuple[str, str]] = set()
        self._waiting: dict[Any, tuple[int, float]] = {}  # partition with records -> (committed offset, since when)
        self._first: dict[Any, int] | None = None  # committed offsets when they were first seen
        self._recovered = False

    def seen(self, looks: Iterable[tuple[Any, int, int]], now_s: float) -> None:
        """A look at all partitions that it has.

        Args:
            looks: of each (partition, committed offset, records behind it).
            now_s: when.
        """
        found = list(looks)
        labels = {(one.topic, str(one.partition)) for one, _, _ in found}
        for topic, partition in self._told - labels:
            LAG.remove(self._stage, topic, partition)  # another worker tells of it now
        self._told = labels
        waiting: dict[Any, tuple[int, float]] = {}
        for one, committed, behind in found:
            LAG.labels(self._stage, one.topic, str(one.partition)).set(max(0, behind))
            if behind > 0:
                known, since_s = self._waiting.get(one, (committed, now_s))
                waiting[one] = (committed, since_s if known == committed else now_s)
        self._waiting = waiting
        COMMIT_AGE.labels(self._stage).set(max((now_s - since_s for _, since_s in waiting.values()), default=0.0))
        if not self._recovered and found:
            self._look_for_recovery(found)

    def _look_for_recovery(self, found: list[tuple[Any, int, int]]) -> None:
        committed = {one: offset for one, offset, _ in found}
        if self._first is None:
            self._first = committed
        moved = any(offset > self._first.get(one, offset) for one, offset in committed.items())
        if moved or all(behind <= 0 for _, _, behind in found):
            self._recovered = True
            RECOVERY_SECONDS.labels(self._stage).set(self._age_s())


__all__ = ["Partitions", "age_s"]
