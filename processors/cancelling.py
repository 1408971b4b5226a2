"""Whether the job of this process is still wanted, asked between its units of work.

A child runs one job at a time. Its parent says when nobody wants the outcome any more, because the video was
cancelled, and a job that asks often ends within a frame, a sentence or a step of recognition; so its child lives on
with its models loaded. A job that does not answer in time is killed with its process (`streams/pool.py`).

Outside a child nothing is ever cancelled, and asking costs 50 ns.
"""

from __future__ import annotations

import threading
from typing import Final

_gone: Final = threading.Event()


class JobCancelled(BaseException):
    """Nobody wants the outcome of this job. No `Exception`: what goes on without a service must not go on with this."""


def check_wanted() -> None:
    """Raise `JobCancelled` where the job that runs was cancelled; to be called between units of work."""
    if _gone.is_set():
        raise JobCancelled


def sleep_while_wanted(seconds: float) -> None:
    """Wait, and raise `JobCancelled` as soon as the job is cancelled."""
    if _gone.wait(seconds):
        raise JobCancelled


def cancel_job() -> None:
    """Cancel the job that runs; from any thread."""
    _gone.set()


def begin_job() -> None:
    """The next job begins, and is wanted."""
    _gone.clear()


__all__ = ["JobCancelled", "begin_job", "cancel_job", "check_wanted", "sleep_while_wanted"]
