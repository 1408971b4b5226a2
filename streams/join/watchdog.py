"""Finds joins whose time is over and says so on `join-timer`; only the joiner's own event may change its table.

==========  ==============================================  ======================================================
kind        when                                            what the joiner does
==========  ==============================================  ======================================================
deadline    open, nothing new for `join_deadline_s`, and    degraded or failed with what is there
            nothing is queued that was when it last got on
expiry      degraded or failed, for `late_parts_s`          deletes the rows: late parts are no longer taken
expiry      done, for as long as the inputs are kept        forgets the video: nothing of it can come any more
cancel      `streams.control` sends it                      cancelled, unless it is through already
==========  ==============================================  ======================================================
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from schemas.messages import JoinTimer
from streams.clock import Clock
from streams.groups import queues
from streams.join.passing import Passing
from streams.join.state import JoinState
from streams.settings import Settings
from streams.topics import KEPT_INPUT_MS

log = logging.getLogger("clipstream.join")
# Agents in whose topics a video's parts may still wait; the joiner's own too, after it was away for a while.
_BEFORE_THE_JOIN: Final = (
    "metadata", "audio-extractor", "frame-extractor", "transcriber", "vision", "content", "joiner",
)  # fmt: skip

# With a limit of videos under way, requests that wait for a free place are lag of those that read them: the deadline of
# a lost part would wait for them, and they for its video.
_BEHIND_THE_GATE: Final = ("transcriber", "vision", "content", "joiner")


def overdue(states: Iterable[JoinState], now_ms: int, deadline_s: float, late_parts_s: float) -> list[JoinTimer]:
    """The timers for joins whose time is over.

    Args:
        states: all of this worker.
        now_ms: wall time.
        deadline_s: without progress, in seconds.
        late_parts_s: how long degraded and failed joins take late parts, in seconds.
    """
    found = []
    for state in states:
        waited_ms = now_ms - state.touched_at_ms
        # an intent is carried out by any event of its video; left by a crash of a rebuild, it may get none
        if (state.open or state.intent is not None) and waited_ms > deadline_s * 1000:
            reason = f"nothing came for {waited_ms // 1000} s"
            found.append(JoinTimer(state.video_id, state.generation, "deadline", now_ms, reason))
        elif not state.open and waited_ms >= (KEPT_INPUT_MS if state.done else late_parts_s * 1000):
            reason = "its marker is no longer needed" if state.done else "late parts are no longer taken"
            found.append(JoinTimer(state.video_id, state.generation, "expiry", now_ms, reason))
    return found


async def due_timers(
    states: Iterable[JoinState], settings: Settings, clock: Clock, passing: Passing
) -> list[JoinTimer]:
    """The timers to send now: no deadline of a video of which anything may still be queued."""
    touched_ms: dict[str, int] = {}

    def noted() -> Iterable[JoinState]:
        for state in states:
            touched_ms[state.video_id] = state.touched_at_ms
            yield state

    timers = overdue(noted(), clock.now_ms(), settings.join_deadline_s, settings.late_parts_s)
    if all(timer.kind != "deadline" for timer in timers):
        return timers
    before = _BEFORE_THE_JOIN if settings.max_videos == 0 else _BEHIND_THE_GATE
    through_ms = passing.look(clock.now_ms(), await queues(settings, before))
    due = [timer for timer in timers if timer.kind != "deadline" or touched_ms[timer.video_id] < through_ms]
    if len(due) < len(timers):
        log.info("%d joins may wait: what is queued may be of their videos", len(timers) - len(due))
    return due
