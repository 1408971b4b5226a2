"""How a worker leaves when it cannot go on: at once, with the reason in its log and a code for the supervisor."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from typing import Final

from processors.errors import ClipstreamError
from streams.dead_letters import EXIT_DEAD_LETTER_LIMIT, EXIT_FATAL, DeadLetterLimit

log = logging.getLogger("clipstream.stage")  # the supervisor reads its last critical line
_before: Final[list[Callable[[], None]]] = []


def before_leaving(call: Callable[[], None]) -> None:
    """Call this in `exit_worker`; it must not raise and not wait."""
    _before.append(call)


def exit_worker(error: BaseException) -> None:
    """Leave the process at once with what is un-acked left to the next one; the reason goes to the log.

    At once, because a stop in good order would wait for work that cannot succeed. Pool children die with the process.
    """
    code = EXIT_DEAD_LETTER_LIMIT if isinstance(error, DeadLetterLimit) else EXIT_FATAL
    if isinstance(error, ClipstreamError):
        log.critical("%s %s", error.reason, error.remedy)
    else:
        log.critical("Worker stops: %s", error, exc_info=error)
    try:
        for call in _before:
            with contextlib.suppress(Exception):  # nothing may keep a worker that cannot go on
                call()
        logging.shutdown()
    finally:
        os._exit(code)


__all__ = ["before_leaving", "exit_worker"]
