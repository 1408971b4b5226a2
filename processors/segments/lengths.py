"""How long segments should be for the platforms that a request names.

Segments have 8 to 90 s where nobody says otherwise. The lengths of the options win; a length that equals the default
counts as not given, since requests on the stream always have one. Of several platforms a segment is to fit all:

::

    platforms                  longest                                   shortest
    one whose ideal is longer  the end of its ideal (linkedin: 120 s)    8 s
    one whose most is shorter  its most                                  8 s, at most the longest
    several                    the shortest of their ideals' ends, at    the longest of their least,
                               least 90 s; never above any one's most    at least 8 s
"""

from __future__ import annotations

from typing import Final

from processors.options import DEFAULT_MAX_SEGMENT_MS, DEFAULT_MIN_SEGMENT_MS, Options
from processors.segments.platforms import Platforms, Rules

# What a length outside the ideal, at the edge of what a platform takes, is still worth.
AT_EDGE: Final = 0.5


def lengths_for(options: Options, rules: Platforms) -> tuple[int, int]:
    """The shortest and the longest a segment may be, in ms.

    Args:
        options: of the request.
        rules: of the platforms that it names; none change nothing.
    """
    shortest, longest = DEFAULT_MIN_SEGMENT_MS, DEFAULT_MAX_SEGMENT_MS
    if options.platforms and rules:
        longest = max(longest, min(each.ideal_ms[1] for each in rules.values()))
        longest = min(longest, *(each.max_ms for each in rules.values()))
        shortest = min(max(shortest, *(each.min_ms for each in rules.values())), longest)
    given_min = options.min_segment_ms if options.min_segment_ms != DEFAULT_MIN_SEGMENT_MS else None
    given_max = options.max_segment_ms if options.max_segment_ms != DEFAULT_MAX_SEGMENT_MS else None
    if given_max is not None:
        longest, shortest = given_max, min(shortest, given_max)
    if given_min is not None:
        shortest, longest = given_min, max(longest, given_min)
    return shortest, longest


def fitted(options: Options, rules: Platforms) -> Options:
    """The options with the lengths that their platforms ask for; applied twice it changes nothing more."""
    shortest, longest = lengths_for(options, rules)
    return options.model_copy(update={"min_segment_ms": shortest, "max_segment_ms": longest})


def length_preference(length_ms: int, rules: Platforms) -> float:
    """How well a length suits the platforms, 0..1, by the one that it suits least; 1 without any.

    Args:
        length_ms: of a segment, > 0.
        rules: of the platforms.
    """
    return round(min((_suits(length_ms, each) for each in rules.values()), default=1.0), 4)


def _suits(length_ms: int, rules: Rules) -> float:
    """1 in the ideal, falling to `AT_EDGE` where the platform takes no less or no more, 0 outside."""
    low, high = rules.ideal_ms
    if not rules.min_ms <= length_ms <= rules.max_ms:
        return 0.0
    if length_ms < low:
        return AT_EDGE + (1 - AT_EDGE) * (length_ms - rules.min_ms) / max(1, low - rules.min_ms)
    if length_ms > high:
        return AT_EDGE + (1 - AT_EDGE) * (rules.max_ms - length_ms) / max(1, rules.max_ms - high)
    return 1.0


__all__ = ["AT_EDGE", "fitted", "length_preference", "lengths_for"]
