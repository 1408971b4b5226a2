"""One timeline: integer milliseconds from the container's start (t = 0).

Every time that leaves a processor is such a value, in fields named `*_ms`. Streams of one file may start at
different times (real files have video that begins 834 ms after the audio): their presentation timestamps are taken
against one common zero, so the offset between them is kept. Timestamps before the zero clamp to 0.
Intervals are half open: `start_ms <= t < end_ms`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

MS_PER_SECOND = 1000
# Timestamps farther back than this are a new count (files joined, a wrapped clock), not an overlap: the time goes on.
RESET_S: Final = Fraction(10)


def pts_to_ms(pts: int, time_base: Fraction, zero_s: Fraction = Fraction(0)) -> int:
    """Turn a presentation timestamp into milliseconds on the timeline.

    Args:
        pts: timestamp in units of `time_base`.
        time_base: seconds per unit, > 0.
        zero_s: the container's start in seconds; see `container_zero`.

    Returns:
        Milliseconds, rounded to the nearest (ties to even), never negative.

    Raises:
        ValueError: `time_base` is not positive.
    """
    if time_base <= 0:
        raise ValueError(f"time_base must be positive, got {time_base}")
    return max(0, round((pts * time_base - zero_s) * MS_PER_SECOND))


def container_zero(start_times_s: list[Fraction]) -> Fraction:
    """The common zero of a container: the earliest start of its used streams.

    Players and ffmpeg put t = 0 at the container's start_time, which is the minimum over the streams; a negative one
    (edit lists, encoder delay) counts as 0, as what lies before is not shown.

    Args:
        start_times_s: start of each used stream in seconds; empty when none is known.
    """
    return max(Fraction(0), min(start_times_s, default=Fraction(0)))


def samples_to_ms(samples: int, sample_rate: int) -> int:
    """Length of `samples` samples at `sample_rate` Hz in milliseconds, rounded to the nearest.

    Raises:
        ValueError: `sample_rate` is not positive.
    """
    if sample_rate <= 0:
        raise ValueError(f"sample_rate must be positive, got {sample_rate}")
    return round(Fraction(samples * MS_PER_SECOND, sample_rate))


def ms_to_samples(ms: int, sample_rate: int) -> int:
    """Number of samples in `ms` milliseconds at `sample_rate` Hz, rounded to the nearest.

    Raises:
        ValueError: `sample_rate` is not positive.
    """
    if sample_rate <= 0:
        raise ValueError(f"sample_rate must be positive, got {sample_rate}")
    return round(Fraction(ms * sample_rate, MS_PER_SECOND))


def seconds_to_ms(seconds: float | Fraction) -> int:
    """Seconds, as libraries report them, to milliseconds; negative times clamp to 0."""
    return max(0, round(seconds * MS_PER_SECOND))


def clamp_span(start_ms: int, end_ms: int, lower_ms: int, upper_ms: int) -> tuple[int, int]:
    """Force a span inside `[lower_ms, upper_ms]` with a length of at least 1 ms.

    Raises:
        ValueError: the bounds leave no room for 1 ms.
    """
    if upper_ms - lower_ms < 1:
        raise ValueError(f"no room for a span between {lower_ms} and {upper_ms}")
    start = min(max(start_ms, lower_ms), upper_ms - 1)
    return start, min(max(end_ms, start + 1), upper_ms)


def overlap_ms(first: tuple[int, int], second: tuple[int, int]) -> int:
    """Milliseconds that two half-open spans share; 0 when they only touch."""
    return max(0, min(first[1], second[1]) - max(first[0], second[0]))


def clock(ms: int) -> str:
    """A time for people: `0:07`, `12:05`, `1:02:03`."""
    total = ms // MS_PER_SECOND
    hours, rest = divmod(total, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


__all__ = [
    "RESET_S",
    "clamp_span",
    "clock",
    "container_zero",
    "ms_to_samples",
    "overlap_ms",
    "pts_to_ms",
    "samples_to_ms",
    "seconds_to_ms",
]
