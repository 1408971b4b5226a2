"""The videos of a day anew: each is replayed as by `streams.replay`, behind whatever else waits.

Of a day are the videos that somebody submitted on it. A replay is no submission, so a video belongs to the same days
however often it was replayed since.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from schemas.messages import Segments, VideoIngested
from streams.client import TERMINAL, latest_results, producing, timed_requests
from streams.priorities import NAMES
from streams.replay import is_replay, next_generation
from streams.settings import Settings

UNDER_WAY: Final = "under way"
CANCELLED: Final = "cancelled"


@dataclass(frozen=True, slots=True)
class OfDay:
    """A video of the day.

    Args:
        video_id: which one.
        generation: that it is replayed as; the newest one where it is left out.
        left_out: why it is not replayed; empty where it is.
    """

    video_id: str
    generation: int
    left_out: str


async def replay_day(
    settings: Settings, day: date, stage: str | None, *, fresh: bool, dry_run: bool
) -> AsyncIterator[OfDay]:
    """Submit the videos of a day as their next generations, in the order of their ids.

    Those that are under way already are left out, so a command that was cut off may be given again at once; so are
    those that somebody cancelled.

    Args:
        settings: with a broker.
        day: from midnight to midnight, by the clock of this machine.
        stage: the first stage to compute anew with `fresh`; None for all.
        fresh: do not ask the result cache from there on.
        dry_run: only find out.

    Yields:
        Each video, once Kafka has its request.
    """
    start_ms, end_ms = bounds_ms(day)
    newest: dict[str, VideoIngested] = {}
    of_day: set[str] = set()
    async for video_id, request, at_ms in timed_requests(settings):
        if video_id not in newest or request.generation >= newest[video_id].generation:
            newest[video_id] = request
        if start_ms <= at_ms < end_ms and not is_replay(request):
            of_day.add(video_id)
    results = await latest_results(settings)
    async with producing(settings) as submit:
        for video_id in sorted(of_day):
            request, held = newest[video_id], results.get(video_id)
            if why := _left_out(request, held):
                yield OfDay(video_id, request.generation, why)
                continue
            again = next_generation(request, video_id, held, stage, fresh=fresh)
            if not dry_run:
                # what came today is not to wait for the work of a whole day
                again = await submit(replace(again, priority=NAMES["low"]))
            yield OfDay(video_id, again.generation, "")


def bounds_ms(day: date) -> tuple[int, int]:
    """First millisecond of a day and of the next one, local time; a day of 23 or 25 hours is as long as it is."""
    first, last = (datetime.combine(one, time()).timestamp() for one in (day, day + timedelta(days=1)))
    return round(first * 1000), round(last * 1000)


def _left_out(request: VideoIngested, held: Segments | None) -> str:
    if held is None or held.generation < request.generation or held.status not in TERMINAL:
        return UNDER_WAY
    return CANCELLED if held.status == "cancelled" else ""


__all__ = ["CANCELLED", "UNDER_WAY", "OfDay", "bounds_ms", "replay_day"]
