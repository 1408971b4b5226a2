"""What runs in a Ray worker process: the jobs of a pool child, asked by a `RayPool` instead of a parent.

Ray pickles classes that it sends; this one is found by its name where it arrives, so no code travels. What is sent
beside it and what comes back are JSON lines, as between a pool child and its parent.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from processors.child import CREDIT, answers, give_back, limit_memory, tools_of
from streams.settings import PREFIX

_ENDS: Final = (b"D", b"E", b"C")


class Inference:
    """Holds the models of one stage and runs one job at a time.

    Args:
        environment: JSON of `streams.pool.environment_of`.
    """

    def __init__(self, environment: bytes) -> None:
        # Ray hands on the environment of whoever started it, in which there may be passwords
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            del os.environ[name]
        told: dict[str, Any] = orjson.loads(environment)
        Path(told["work_dir"]).mkdir(parents=True, exist_ok=True)
        limit_memory(told["memory_mb"])
        self._tools = tools_of(told)

    def run(self, job: str, request: bytes) -> Iterator[bytes]:
        """The lines of one job: `I<ms> {...}` each output, then `D`, or `E{...}` for an error."""
        # a thread for each job, since one that gave way stays nice; see processors.priority
        lines: queue.Queue[bytes] = queue.Queue(maxsize=CREDIT)
        asked = orjson.loads(request)

        def work() -> None:
            for line in answers(job, asked, self._tools):
                lines.put(line)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        while True:
            line = lines.get()
            yield line
            if line[:1] in _ENDS:
                break
        thread.join()
        give_back()

    def pid(self) -> int:
        """Its process."""
        return os.getpid()


__all__ = ["Inference"]
