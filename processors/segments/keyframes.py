"""The frame that stands for a segment."""

from __future__ import annotations

from processors.domain import FrameAnalysis
from processors.segments.material import finite


def key_frame(frames: list[FrameAnalysis], start_ms: int, end_ms: int) -> FrameAnalysis | None:
    """The best frame inside [start_ms, end_ms), else the one nearest to it; None when there are no frames.

    Best is the highest score, then the sharpest, then the earliest; black frames only when there is nothing else.
    """
    inside = [frame for frame in frames if start_ms <= frame.pts_ms < end_ms]
    if inside:
        return min(
            inside,
            key=lambda frame: (
                frame.scene == "black",
                -finite(frame.score),
                -finite(frame.sharpness),
                frame.pts_ms,
                frame.frame_uri,
            ),
        )
    return min(
        frames,
        key=lambda frame: (max(start_ms - frame.pts_ms, frame.pts_ms - end_ms), frame.pts_ms, frame.frame_uri),
        default=None,
    )


__all__ = ["key_frame"]
