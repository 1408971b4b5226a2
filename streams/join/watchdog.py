"""Finds joins whose deadline is over and says so on `join-timer`; only the joiner's own event may change its table.

A deadline runs only while a video shows no progress and the item topics have no lag: waiting in a queue is no failure.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from schemas.messages import JoinTimer
from streams.clock import Clock
from streams.groups import total_lag
from streams.join.state import JoinState
from streams.settings import Settings

log = logging.getLogger("clipstream.join")
# Agents in whose topics a video's parts may still wait.
_BEFORE_THE_JOIN: Final = ("metadata", "audio-extractor", "frame-extractor", "transcriber", "vision")


def overdue(states: Iterable[JoinState], now_ms: int, deadline_s: float) -> list[JoinTimer]:
    """The timers for joins that showed no progress for the deadline.

    Args:
        states: all of this worker.
        now_ms: wall time.
        deadline_s: without progress, in seconds.
    """
    found = []
    for state in states:
        waited_ms = now_ms - state.touched_at_ms
        if state.open and waited_ms > deadline_s * 1000:
            reason = f"nothing came for {waited_ms // 1000} s"
            found.append(JoinTimer(state.video_id, state.generation, "deadline", now_ms, reason))
    return found


async def due_timers(states: Iterable[JoinState], settings: Settings, clock: Clock) -> list[JoinTimer]:
    """The timers to send now: none while anything is still queued."""
    timers = overdue(states, clock.now_ms(), settings.join_deadline_s)
    if not timers:
        return []
    waiting = await total_lag(settings, _BEFORE_THE_JOIN)
    if waiting:
        log.info("%d joins wait while %d records are queued", len(timers), waiting)
        return []
    return timers
