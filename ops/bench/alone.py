"""Measures in a process of its own with one thread, as a child of a worker has: numpy takes the number when it loads.

A second thread that only waits for work counts as processor time: prints of voices seemed to take 1.7 times as much.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from processors.errors import ClipstreamError
from streams.reading import to_environment
from streams.settings import Settings

_REFUSED: Final = 3


def run_alone(module: str, arguments: Sequence[str], settings: Settings) -> dict[str, Any]:
    """What `python -m MODULE ARGUMENTS` measures; it ends with `answer`.

    Raises:
        ClipstreamError: what was raised there, or that process died.
    """
    environment = {**os.environ, **to_environment(settings), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=False)
    if done.returncode == _REFUSED:
        raise ClipstreamError(*orjson.loads(done.stdout))
    if done.returncode != 0:
        raise ClipstreamError(f"The process that measures ended with code {done.returncode}.", "It said why above.")
    found: dict[str, Any] = orjson.loads(done.stdout)
    return found


def answer(measure: Callable[[], dict[str, Any]]) -> int:
    """In that process: the result on standard output, or reason and remedy of an error; returns its exit code."""
    try:
        found: Any = measure()
    except ClipstreamError as error:
        found = (error.reason, error.remedy)
    sys.stdout.buffer.write(orjson.dumps(found))
    return _REFUSED if isinstance(found, tuple) else 0


__all__ = ["answer", "run_alone"]
