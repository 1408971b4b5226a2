"""Baselines run as programs of their own: started with their models loaded, then asked by lines."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Final

READY: Final = "READY"  # what a baseline prints when its models are loaded


@contextmanager
def started(module: str, arguments: Sequence[str]) -> Iterator[tuple[subprocess.Popen[str], IO[str], IO[str]]]:
    """Run a module of ours, and wait until it is ready.

    Args:
        module: name, as for `python -m`.
        arguments: of the program.

    Yields:
        The process, what it reads and what it writes.

    Raises:
        RuntimeError: it ended before it was ready.
    """
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while (line := process.stdout.readline().strip()) != READY:
            if not line:
                raise RuntimeError(f"{module} did not start")
        yield process, process.stdin, process.stdout


__all__ = ["READY", "started"]
