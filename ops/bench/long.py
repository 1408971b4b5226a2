"""`clipstream bench long`: hours of sound through all agents, and how much memory each of them has meanwhile.

Resident memory counts, shared pages in every process that has them: what `top` shows, and no less than what is used.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import av
import psutil

from ops.bench.embedded import Embedded, embedded_agents, final_result
from ops.bench.machine import describe
from ops.bench.repeat import repeated
from processors.blobs import BlobStore
from processors.errors import InvalidMessage
from processors.media.container import open_container
from processors.options import Options
from streams import agents, results
from streams.client import request_for
from streams.settings import Settings

# Of the run, by its seconds; the first one has the models loading and counts for nothing.
PARTS: Final = 12
_EACH_S: Final = 1.0
_SECONDS_AN_HOUR: Final = 3_600
_LIMIT_S: Final = 36_000.0
Sample = dict[str, tuple[float, float]]  # agent -> MB of its worker, MB of its largest child


async def run(
    source: Path, hours: float, options: Options, base: Settings, say: Callable[[float, float], None]
) -> dict[str, Any]:
    """Measure; returns the JSON of the benchmark contract.

    Args:
        source: medium whose sound is repeated until it is that long.
        hours: of sound, > 0.
        options: of the request.
        base: models, children, cache folder; everything else is made anew in an empty folder.
        say: hears the MB of the transcriber's worker and of its largest child, once a second.

    Raises:
        InvalidMessage: the source has no sound or no length.
    """
    with tempfile.TemporaryDirectory(prefix="clipstream-bench-") as folder:
        times = math.ceil(hours * _SECONDS_AN_HOUR / _sound_s(source))
        sound = await asyncio.to_thread(repeated, Path(folder) / "long.mp4", source, times, ("audio",))
        async with embedded_agents(base) as running:
            request = request_for(str(sound), options, None, running.settings)
            samples: list[Sample] = []
            watcher = asyncio.create_task(_watch(running, samples, say))
            try:
                result, seconds = await final_result(request, running.settings, lambda *_: None, _LIMIT_S)
            finally:
                watcher.cancel()
            document = results.to_json(result, BlobStore(running.settings.store))
            restarts = sum(child.restarts for child in running.supervisor.children)
    rows = [_row(agent, samples) for agent in agents.NAMES]
    return {
        "bench": "long",
        "machine": describe(),
        "layout": {"processes": base.workers, "threads": base.threads},
        "options": options.model_dump(include={"profile", "language"}),
        "models": document["run"]["models"],
        "rows": rows,
        "pooled": {
            "status": result.status,
            "duration_ms": result.duration_ms,
            "seconds": round(seconds, 1),
            "real_time": round(result.duration_ms / 1000 / seconds, 1),
            "utterances": len(document["transcript"]),
            "speakers": len(document["speakers"]),
            "restarts": restarts,
        },
        "baselines": {},
    }


def _sound_s(source: Path) -> float:
    with open_container(source) as media:
        if media.streams.audio and media.duration:
            return float(media.duration / av.time_base)
    raise InvalidMessage(f"{source} has no sound, or does not say how long it is.")


async def _watch(running: Embedded, samples: list[Sample], say: Callable[[float, float], None]) -> None:
    while True:
        running.supervisor.poll()
        samples.append(await asyncio.to_thread(_sample, running))
        say(*samples[-1].get("transcriber", (0.0, 0.0)))
        await asyncio.sleep(_EACH_S)


def _sample(running: Embedded) -> Sample:
    found: Sample = {}
    for agent, pid in running.roots():
        try:
            worker = psutil.Process(pid)
            children = [_resident_mb(child) for child in worker.children(recursive=True)]
            found[agent] = (_resident_mb(worker), max(children, default=0.0))
        except psutil.Error:
            continue  # it ended between being listed and being looked at
    return found


def _resident_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss / 1e6)
    except psutil.Error:
        return 0.0


def _row(agent: str, samples: list[Sample]) -> dict[str, Any]:
    """Largest sizes within each part of the run, and what the last one has more than the second."""
    row: dict[str, Any] = {"item": agent}
    for name, at in (("worker", 0), ("child", 1)):
        sizes = [sample[agent][at] for sample in samples if agent in sample]
        parts = [sizes[len(sizes) * n // PARTS : len(sizes) * (n + 1) // PARTS] for n in range(PARTS)]
        peaks = [round(max(part), 1) for part in parts if part]
        row[f"{name}_mb"] = peaks
        row[f"{name}_peak_mb"] = max(peaks, default=0.0)
        row[f"{name}_growth_mb"] = round(peaks[-1] - peaks[min(1, len(peaks) - 1)], 1) if peaks else 0.0
    return row


__all__ = ["PARTS", "run"]
