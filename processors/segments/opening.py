"""The opening: the beginning of a video, from which its first result comes while the rest is still worked on."""

from __future__ import annotations

from typing import Final

from processors.priority import FIRST_RESULT_MS

# Half a minute still holds a complete thought; with a whole one the first result of a 4-minute video came at half of
# the time that it takes in all. Of long videos a twentieth: enough for a choice, and within a tenth of the time.
OPENING_SHARE: Final = 0.05
MOST_SHARE: Final = 0.25  # of short videos


def opening_ms(duration_ms: int) -> int:
    """How long the opening of a video is, in milliseconds."""
    return int(min(max(FIRST_RESULT_MS, duration_ms * OPENING_SHARE), duration_ms * MOST_SHARE))


def kept_opening_ms(duration_ms: int) -> int:
    """The same where the last result keeps one segment of it: of videos whose opening has its full length; else 0."""
    opening = opening_ms(duration_ms)
    return opening if opening >= FIRST_RESULT_MS else 0


__all__ = ["kept_opening_ms", "opening_ms"]
