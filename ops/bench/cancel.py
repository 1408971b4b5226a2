"""`clipstream bench cancel`: from the order to the last moment that anything is computed, stage by stage.

The real agents on a broker of their own; only the jobs are stubs. In turn one job of each stage goes on without an end,
and its video is cancelled: once where the job asks between units of work of 10 ms whether it is wanted, once where it
never does, as within a call into a library, and its process is killed.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ops.bench.embedded import embedded_agents
from ops.bench.machine import describe
from ops.bench.plan import Plan
from ops.bench.stub_worker import command
from schemas.messages import VideoIngested
from streams import topics
from streams.client import producing, read_records
from streams.clock import SYSTEM_CLOCK
from streams.control import cancel
from streams.settings import Settings

# What each stage computes; the enricher's children do as the others' do, and need a service.
JOBS: Final = {
    "metadata": "probe",
    "audio-extractor": "extract-audio",
    "frame-extractor": "extract-frames",
    "transcriber": "transcribe",
    "vision": "analyse",
    "content": "understand",
    "segmenter": "rank",
}
_LIMIT_S: Final = 60.0
_POLL_S: Final = 0.02
# Without a sign of life the job has ended; a busy machine may hold it up for a second.
_STILL_MS: Final = 1_500
Say = Callable[[int, int], None]


async def run(base: Settings, say: Say, tries: int = 3) -> dict[str, Any]:
    """Measure; returns the JSON of the benchmark contract.

    Args:
        base: cache folder with jars, number of children.
        say: hears (cancellings done, cancellings in all).
        tries: of each stage and kind of job.
    """
    rows: list[dict[str, Any]] = []
    total = 2 * tries * len(JOBS)
    with tempfile.TemporaryDirectory(prefix="clipstream-bench-") as folder:
        for deaf in (False, True):
            plan = Plan(chunks=20, batches=5, slow_dir=folder, deaf=deaf)
            async with embedded_agents(base, command(plan.to_text())) as running:
                (running.settings.data_dir / "stub.mp4").write_bytes(b"stub")
                for stage, job in JOBS.items():
                    waits = []
                    for number in range(tries):
                        name = f"{stage}-{number}"
                        waits.append(await _measure(running.settings, Path(folder), name, job))
                        running.supervisor.poll()
                        say(len(rows) * tries + number + 1, total)
                    rows.append({"item": stage, "asks": not deaf, **_summary(waits)})
                restarts = sum(child.restarts for child in running.supervisor.children)
    return {
        "bench": "cancel",
        "machine": describe(),
        "rows": rows,
        "pooled": {
            "last_ms": max(row["last_ms"] for row in rows),
            "late_records": sum(row["late_records"] for row in rows),
            "restarts": restarts,
        },
        "baselines": {},
    }


async def _measure(settings: Settings, folder: Path, video_id: str, job: str) -> dict[str, int]:
    """One cancelling: milliseconds from the order to the last sign of life of the job, and to the result."""
    sign = folder / job
    sign.unlink(missing_ok=True)
    # a last ranking is not cancelled: the join had decided before the order came
    (folder / "slow").write_text(f"{job} extract-frames:half" if job == JOBS["segmenter"] else job)
    async with producing(settings) as submit:
        await submit(VideoIngested(uri=str(settings.data_dir / "stub.mp4"), video_id=video_id))
    await _until(sign.exists, f"{job} of {video_id} has begun")
    ordered_ms = SYSTEM_CLOCK.now_ms()
    await cancel(settings, video_id, SYSTEM_CLOCK)
    await _until(lambda: SYSTEM_CLOCK.now_ms() - _touched_ms(sign) > _STILL_MS, f"{job} of {video_id} has ended")
    (folder / "slow").unlink()
    told_ms = await _told_ms(settings, video_id)
    return {
        "last_ms": max(0, _touched_ms(sign) - ordered_ms),
        "told_ms": told_ms - ordered_ms,
        "late_records": await _late(settings, video_id, told_ms),
    }


async def _told_ms(settings: Settings, video_id: str) -> int:
    """When the result of the video was published."""
    deadline_s = SYSTEM_CLOCK.monotonic_s() + _LIMIT_S
    while True:
        async for record in read_records(settings, topics.SEGMENTS):
            if record.key == video_id.encode() and b"cancelled" in (record.value or b""):
                return int(record.timestamp)
        if SYSTEM_CLOCK.monotonic_s() > deadline_s:
            raise TimeoutError(f"{video_id} has no result after {_LIMIT_S:.0f} s")
        await asyncio.sleep(_POLL_S)


async def _late(settings: Settings, video_id: str, told_ms: int) -> int:
    """Records of the video that were published after the result that says it is cancelled, progress aside."""
    count = 0
    for spec in topics.ALL:
        if spec not in (topics.CONTROL, topics.PROGRESS):
            async for record in read_records(settings, spec):
                key = (record.key or b"").partition(b":")[0]
                count += key == video_id.encode() and record.timestamp > told_ms
    return count


async def _until(condition: Callable[[], bool], what: str) -> None:
    deadline_s = SYSTEM_CLOCK.monotonic_s() + _LIMIT_S
    while not condition():
        if SYSTEM_CLOCK.monotonic_s() > deadline_s:
            raise TimeoutError(f"not within {_LIMIT_S:.0f} s: {what}")
        await asyncio.sleep(_POLL_S)


def _touched_ms(path: Path) -> int:
    return path.stat().st_mtime_ns // 1_000_000


def _summary(waits: list[dict[str, int]]) -> dict[str, int]:
    """The worst of the tries."""
    return {name: max(wait[name] for wait in waits) for name in ("last_ms", "told_ms", "late_records")}


__all__ = ["JOBS", "run"]
