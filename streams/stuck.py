"""Which videos do not get on, at which stage, and why: for `status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from streams.groups import GroupState
from streams.progress import VideoProgress

# The longest step between two records of progress on 2 cores is a chunk of 29 s with the largest model, some 30 s.
STUCK_AFTER_S: Final = 60.0
_FLOW: Final = (
    "metadata", "audio-extractor", "frame-extractor", "transcriber", "vision", "content", "joiner", "segmenter",
)  # fmt: skip
_STANDING: Final = ("down", "restarting")


@dataclass(frozen=True, slots=True)
class Stuck:
    """A video that does not get on."""

    stage: str
    reason: str


def find_stuck(
    progress: VideoProgress,
    groups: Mapping[str, GroupState],
    supervised: Mapping[str, Mapping[str, Any]],
    now_ms: int,
) -> Stuck | None:
    """Why a video that has no last result yet does not get on; None when it does.

    Args:
        progress: of the video; without any record it is queued.
        groups: by agent.
        supervised: by agent, as the supervisor on this host notes them; empty when none runs here.
        now_ms: wall time.
    """
    waiting = [stage for stage in _FLOW if not _through(progress, stage)]
    for stage in waiting:
        note = supervised.get(stage, {})
        if note.get("state") in _STANDING or note.get("fatal"):
            why = f": {note['reason']}" if note.get("reason") else ""
            state = note["state"] if note["state"] in _STANDING else "started again"
            return Stuck(stage, f"{state} after {note['last_exit']}{why}")
        if not groups[stage].members:
            if note.get("state") == "running":  # it has not joined yet
                return None
            return Stuck(stage, f"no worker runs; `clipstream worker {stage}` starts one")
    still_s = (now_ms - progress.updated_at_ms) / 1000
    if not progress.stages or still_s < STUCK_AFTER_S:
        return None
    busy = [stage for stage in waiting if groups[stage].lag]
    if busy:
        return Stuck(busy[0], f"nothing for {still_s:.0f} s; {groups[busy[0]].lag} records wait before it")
    # every group is through with what there is, so a part was lost; the deadline of the join ends it
    last = waiting[0] if waiting else _FLOW[-1]
    return Stuck(last, f"nothing for {still_s:.0f} s, and nothing is queued; the join's deadline will end it")


def _through(progress: VideoProgress, stage: str) -> bool:
    if stage == "joiner":
        # it says when it has published; the segmenter comes after it
        return stage in progress.stages and all(_through(progress, before) for before in _FLOW[: _FLOW.index("joiner")])
    return progress.fraction(stage) >= 1.0


__all__ = ["STUCK_AFTER_S", "Stuck", "find_stuck"]
