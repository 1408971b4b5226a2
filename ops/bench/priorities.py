"""`clipstream bench priorities`: how long urgent videos wait behind others, with levels and without.

A queue of stub videos is there first, and an urgent one comes now and then until the queue is through. The same twice,
on brokers of their own: once each request says how urgent it is, once none does.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable
from typing import Any, Final

from ops.bench.embedded import embedded_agents
from ops.bench.machine import describe
from ops.bench.plan import Plan
from ops.bench.stub_worker import command
from schemas.messages import VideoIngested
from streams import topics
from streams.client import TERMINAL, following, producing
from streams.clock import SYSTEM_CLOCK
from streams.settings import Settings

_LIMIT_S: Final = 1_800.0
Say = Callable[[int, int], None]


async def run(queued: int, each: int, plan: Plan, base: Settings, say: Say) -> dict[str, Any]:
    """Measure; returns the JSON of the benchmark contract.

    Args:
        queued: videos that are there first, >= 1.
        each: an urgent one comes when so many of them are through, and one at the start, >= 1.
        plan: parts of a video and their cost.
        base: cache folder with jars, number of children.
        say: hears (videos through, videos in all).
    """
    rows: list[dict[str, Any]] = []
    for levels in (True, False):
        async with embedded_agents(base, command(plan.to_text())) as running:
            poll = running.supervisor.poll
            waits, seconds = await _measure(queued, each, running.settings, say, poll, levels=levels)
        for kind in ("high", "low"):
            own = sorted(wait for name, wait in waits.items() if name.startswith(kind))
            rows.append(
                {
                    "item": f"{kind}, {'with levels' if levels else 'all alike'}",
                    "videos": len(own),
                    "median_s": round(statistics.median(own), 2),
                    "p95_s": round(own[min(len(own) - 1, int(0.95 * len(own)))], 2),
                    "max_s": round(own[-1], 2),
                    "seconds": round(seconds, 1),
                }
            )
    return {
        "bench": "priorities",
        "machine": describe(),
        "plan": {"chunks": plan.chunks, "batches": plan.batches, "stub_ms": plan.stub_ms, "burn": plan.burn},
        "children": base.workers,
        "rows": rows,
        "pooled": {"gain": round(rows[2]["median_s"] / max(rows[0]["median_s"], 0.001), 1)},
        "baselines": {"all alike": rows[2:]},
    }


async def _measure(
    queued: int, each: int, settings: Settings, say: Say, poll: Callable[[], Any], *, levels: bool
) -> tuple[dict[str, float], float]:
    """Seconds from request to last result of every video, and of all of it."""
    source = settings.data_dir / "stub.mp4"
    source.write_bytes(b"stub")
    sent_s: dict[str, float] = {}
    waits: dict[str, float] = {}
    clock = SYSTEM_CLOCK
    async with following(settings, topics.SEGMENTS) as arrivals, producing(settings) as submit:

        async def put(name: str, priority: int) -> None:
            sent_s[name] = clock.monotonic_s()
            await submit(VideoIngested(uri=str(source), video_id=name, priority=priority if levels else 0))

        started_s = clock.monotonic_s()
        await asyncio.gather(*(put(f"low-{number:04d}", -1) for number in range(queued)))
        await put("high-0000", 1)
        async for arrival in arrivals:
            poll()
            if clock.monotonic_s() - started_s > _LIMIT_S:
                raise TimeoutError(f"{len(waits)} of {len(sent_s)} videos are through after {_LIMIT_S:.0f} s")
            if arrival is None or arrival[1].status not in TERMINAL or arrival[1].video_id in waits:
                continue
            name = arrival[1].video_id
            waits[name] = clock.monotonic_s() - sent_s[name]
            through = sum(1 for one in waits if one.startswith("low"))
            if name.startswith("low") and through % each == 0 and through < queued:
                await put(f"high-{through:04d}", 1)
            say(len(waits), len(sent_s))
            if len(waits) == len(sent_s):
                break
    return waits, clock.monotonic_s() - started_s


__all__ = ["run"]
