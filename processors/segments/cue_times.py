"""When subtitle cues come and go: long enough to be read, never over one another.

A cue comes with its first word and goes with its last one, or later where the pause behind it leaves room: it should
be there for `MIN_CUE_MS` and for as long as reading it takes. One that is still too short comes earlier, in the pause
before it. Cues in unbroken speech are parted by a blink, by which viewers see that the text has changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_CUE_MS: Final = 7_000
# Below this a viewer cannot read a cue at all: 5/6 of a second, as in Netflix's guide, rounded down.
MIN_CUE_MS: Final = 800
# Reading speed: 20 characters a second is the upper limit for adults there (17 for children's films). Wide characters
# count twice, which is near the 9 to 12 of its guides for Chinese and Korean.
COLUMNS_PER_SECOND: Final = 20
MIN_GAP_MS: Final = 80  # two frames at 25 a second


@dataclass(frozen=True, slots=True)
class Wanted:
    """A cue before its times are set: from its first word to its last one, and how much there is to read."""

    start_ms: int
    end_ms: int
    columns: int


def spans(wanted: list[Wanted]) -> list[tuple[int, int]]:
    """Set the times.

    Args:
        wanted: in time order.

    Returns:
        (start_ms, end_ms) of each: at least 1 ms long, in order, `MIN_GAP_MS` apart where both of two neighbours begin
        at least twice as far from each other (else half of their distance).
    """
    starts: list[int] = []
    for cue in wanted:
        starts.append(max(cue.start_ms, starts[-1] + 1 if starts else 0))
    ends: list[int] = []
    for position, (cue, start_ms) in enumerate(zip(wanted, starts, strict=True)):
        following_ms = starts[position + 1] if position + 1 < len(starts) else None
        reading_ms = -(-cue.columns * 1_000 // COLUMNS_PER_SECOND)  # rounded up
        end_ms = max(cue.end_ms, start_ms + MIN_CUE_MS, start_ms + reading_ms)
        end_ms = min(end_ms, start_ms + MAX_CUE_MS)
        if following_ms is not None:
            end_ms = min(end_ms, following_ms - _gap_ms(start_ms, following_ms))
        ends.append(max(end_ms, start_ms + 1))
    return list(zip(_earlier(starts, ends), ends, strict=True))


def _gap_ms(start_ms: int, following_ms: int) -> int:
    return min(MIN_GAP_MS, (following_ms - start_ms) // 2)


def _earlier(starts: list[int], ends: list[int]) -> list[int]:
    """Starts of cues that are too short moved into the pause before them."""
    floors = [0, *(end_ms + MIN_GAP_MS for end_ms in ends)]
    return [
        max(min(floor_ms, start_ms), min(start_ms, end_ms - MIN_CUE_MS))
        for floor_ms, start_ms, end_ms in zip(floors, starts, ends, strict=False)
    ]


__all__ = ["COLUMNS_PER_SECOND", "MAX_CUE_MS", "MIN_CUE_MS", "MIN_GAP_MS", "Wanted", "spans"]
