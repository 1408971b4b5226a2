"""What is worked on right now, for whoever writes a log line or publishes: it follows into tasks and threads.

The guarded loop and the joiner set it for each event; nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from streams.priorities import NORMAL


@dataclass(frozen=True, slots=True)
class Current:
    """An event in hand; what is not known of it is None."""

    stage: str | None = None
    video_id: str | None = None
    generation: int | None = None
    index: int | None = None
    priority: int = NORMAL


_NOTHING: Final = Current()
_current: ContextVar[Current] = ContextVar("clipstream_current", default=_NOTHING)


def current() -> Current:
    """What is worked on here."""
    return _current.get()


@contextmanager
def working_on(work: Current) -> Iterator[None]:
    """Within it, and in what is started within it, this is worked on."""
    token = _current.set(work)
    try:
        yield
    finally:
        _current.reset(token)


__all__ = ["Current", "current", "working_on"]
