"""Memory of process trees: PSS, which shares pages between the processes that map them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Self

import psutil

_EACH_S: Final = 0.5
_MEGABYTE: Final = 1e6


class PeakMemory:
    """Samples the PSS of labelled process trees until its `with` block ends.

    Args:
        roots: gives (label, pid) of the trees now; restarted ones may have other pids.
    """

    def __init__(self, roots: Callable[[], list[tuple[str, int]]]) -> None:
        self._roots = roots
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.trees_mb: dict[str, float] = {}
        self.largest_process_mb: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        self._sample()
        while not self._done.wait(_EACH_S):
            self._sample()
        self._sample()  # work that took less than the pause between two samples

    def _sample(self) -> None:
        for label, pid in self._roots():
            sizes = sizes_mb(pid)
            self.trees_mb[label] = max(self.trees_mb.get(label, 0.0), sum(sizes))
            self.largest_process_mb[label] = max(self.largest_process_mb.get(label, 0.0), max(sizes, default=0.0))


def sizes_mb(pid: int) -> list[float]:
    """PSS of a process and its children, in MB; empty when it is gone."""
    found = []
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            try:
                full = process.memory_full_info()
                # macOS has no PSS; the unique set is the nearest there
                found.append(getattr(full, "pss", full.uss) / _MEGABYTE)
            except psutil.Error:
                continue
    except psutil.Error:
        pass
    return found
