"""Dead letters: what a stage gave up on, and the limit above which it stops instead of giving up on everything."""

from __future__ import annotations

import traceback
from collections import deque
from typing import Final

from processors.errors import ClipstreamError, Fatal
from schemas.messages import DeadLetter
from streams.pool import JobFailed

EXIT_DEAD_LETTER_LIMIT: Final = 78  # EX_CONFIG: the supervisor leaves the stage down
EXIT_FATAL: Final = 75  # EX_TEMPFAIL: the supervisor starts the worker again, with back-off
RATIO_WINDOW: Final = 200  # valid events that the ratio is taken over
# A dead letter carries the raw message, and must stay below the broker's limit with its trace.
MAX_RAW_BYTES: Final = 800_000
MAX_TRACE_CHARS: Final = 8_000
MAX_KEY_BYTES: Final = 10_000
MAX_REASON_CHARS: Final = 2_000


class DeadLetterLimit(Fatal):
    """Too many valid items fail: a broken deployment, not broken items."""


class FailureMeter:
    """Counts failures of valid items and raises above the limits.

    A user's broken file is no sign of a broken stage, so invalid messages and media do not count.

    Args:
        max_consecutive: failures in a row that are still accepted.
        max_ratio: share of failures among the last 200 that is still accepted.
    """

    def __init__(self, max_consecutive: int, max_ratio: float) -> None:
        self._max_consecutive = max_consecutive
        self._max_ratio = max_ratio
        self._in_a_row = 0
        self._last: deque[bool] = deque(maxlen=RATIO_WINDOW)

    def success(self) -> None:
        """A valid item came through."""
        self._in_a_row = 0
        self._last.append(False)

    def failure(self) -> None:
        """A valid item was given up on.

        Raises:
            DeadLetterLimit: more than `max_consecutive` in a row, or more than `max_ratio` of the last 200.
        """
        self._in_a_row += 1
        self._last.append(True)
        if self._in_a_row > self._max_consecutive:
            raise DeadLetterLimit(f"{self._in_a_row} valid items failed in a row.", _REMEDY)
        failed = sum(self._last)
        if len(self._last) == RATIO_WINDOW and failed > self._max_ratio * RATIO_WINDOW:
            raise DeadLetterLimit(f"{failed} of the last {RATIO_WINDOW} valid items failed.", _REMEDY)


_REMEDY: Final = "Look at `clipstream dead-letters summary`, mend the cause, then start this agent again."


def letter(
    *,
    stage: str,
    topic: str,
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    video_id: str | None,
    error: Exception,
    attempts: int,
    at_ms: int,
) -> DeadLetter:
    """The dead letter for an event that ended with `error`."""
    if isinstance(error, JobFailed):
        trace = error.trace
    elif isinstance(error, ClipstreamError):
        trace = ""
    else:
        trace = "".join(traceback.format_exception(error))
    return DeadLetter(
        stage=stage,
        topic=topic,
        partition=partition,
        offset=offset,
        key=key if key is None else key[:MAX_KEY_BYTES],
        value=value if value is None or len(value) <= MAX_RAW_BYTES else value[:MAX_RAW_BYTES],
        video_id=video_id,
        error_class=type(error).__name__,
        reason=reason_of(error)[:MAX_REASON_CHARS],
        trace=trace[-MAX_TRACE_CHARS:],
        attempts=attempts,
        at_ms=at_ms,
    )


def reason_of(error: Exception) -> str:
    """One sentence about an error, for people."""
    return error.reason if isinstance(error, ClipstreamError) else f"{type(error).__name__}: {error}"
