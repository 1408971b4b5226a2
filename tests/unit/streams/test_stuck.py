"""Which stage a video waits at, and why."""

from __future__ import annotations

import pytest

from schemas.messages import Progress
from streams.groups import READS, GroupState
from streams.progress import VideoProgress
from streams.stuck import STUCK_AFTER_S, find_stuck

LATE_MS = int(STUCK_AFTER_S * 1000) + 5_000


def groups(**changes: tuple[int, int]) -> dict[str, GroupState]:
    """Every agent with one worker and no lag but those given as (members, lag)."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    return {agent: GroupState(agent, *named.get(agent, (1, 0)), 0) for agent in READS}


def progress(*steps: tuple[str, int, int | None, int | None]) -> VideoProgress:
    """A video of 10 s after steps of (stage, index, total, position)."""
    video = VideoProgress("v")
    for stage, index, total, position_ms in steps:
        video.update(Progress("v", 0, stage, index, 1, total, position_ms, "ok", None, 0))
    return video


EXTRACTED = (
    ("metadata", 0, 1, 10_000),
    ("audio-extractor", 0, None, 10_000),
    ("audio-extractor", -1, 1, 10_000),
    ("frame-extractor", 0, None, 10_000),
    ("frame-extractor", -1, 1, 10_000),
    ("vision", 0, None, 10_000),
)


@pytest.mark.parametrize(
    ("video", "states", "supervised", "now_ms", "stage", "reason"),
    [
        (progress(), groups(), {}, LATE_MS, None, ""),  # queued
        (progress(), groups(metadata=(0, 3)), {}, 0, "metadata", "no worker runs"),
        (progress(*EXTRACTED), groups(), {}, 1_000, None, ""),  # under way
        (progress(*EXTRACTED), groups(transcriber=(0, 1)), {}, 0, "transcriber", "no worker runs"),
        (progress(*EXTRACTED), groups(metadata=(0, 0)), {}, 0, None, ""),  # it needs metadata no more
        (
            progress(*EXTRACTED),
            groups(),
            {"transcriber": {"state": "down", "last_exit": "exit 78", "reason": "6 failed"}},
            0,
            "transcriber",
            "down after exit 78: 6 failed",
        ),
        (
            progress(*EXTRACTED),
            groups(),
            {"transcriber": {"state": "running", "last_exit": "exit 75", "reason": "No room left", "fatal": 1}},
            0,
            "transcriber",
            "started again after exit 75: No room left",
        ),
        # its worker has been started and has not joined yet
        (progress(), groups(metadata=(0, 3)), {"metadata": {"state": "running", "last_exit": ""}}, 0, None, ""),
        (progress(*EXTRACTED), groups(transcriber=(1, 4)), {}, LATE_MS, "transcriber", "4 records wait before it"),
        (progress(*EXTRACTED), groups(), {}, LATE_MS, "transcriber", "the join's deadline will end it"),
        (progress(*EXTRACTED, ("transcriber", 0, None, 0)), groups(joiner=(0, 2)), {}, 0, "joiner", "no worker runs"),
    ],
)
def test_the_stage_and_the_reason(video, states, supervised, now_ms, stage, reason):
    found = find_stuck(video, states, supervised, now_ms)
    assert (found.stage if found else None) == stage
    assert found is None or reason in found.reason
