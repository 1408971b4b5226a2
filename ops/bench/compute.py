"""`clipstream bench compute`: the same items through children of a process and through Ray, in turns.

Both have as many of them, and load their models before the clock starts. Bytes must be equal: a benchmark of two ways
that differ in what they compute would say nothing. Ray's memory is that of all its processes on this machine.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
import psutil

from ops.bench.machine import describe
from ops.bench.memory import PeakMemory
from processors.errors import ClipstreamError
from processors.options import Options
from streams import ray_cluster
from streams.pool import ChildPool, Pool
from streams.ray_pool import RayPool
from streams.settings import Settings

_WORK: Final = (("transcriber", "extract-audio", "transcribe"), ("vision", "extract-frames", "analyse"))


class Unequal(ClipstreamError):
    """Both ways have computed, and not the same."""


async def run(video: Path, rounds: int, base: Settings, say: Callable[[int, int], None]) -> dict[str, Any]:
    """Measure both; returns the JSON of the benchmark contract.

    Args:
        video: whose items are computed.
        rounds: of each way for each stage.
        base: folders of models, number of children, address of a Ray cluster.
        say: hears (measurements made, measurements in all).
    """
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="clipstream-bench-") as folder:
        settings = base.model_copy(update={"data_dir": Path(folder), "compute": "ray"})
        before = _family()
        for number, (stage, extract, job) in enumerate(_WORK):
            items = await _items(settings, stage, extract, video)
            pools: dict[str, Pool] = {
                "processes": ChildPool(settings.workers, settings, stage),
                "ray": RayPool(settings.workers, settings, stage),
            }
            starts = {name: await _started(pool) for name, pool in pools.items()}
            children = [child._process.pid for child in pools["processes"]._all]  # type: ignore[attr-defined]
            of_ray = _family() - before - set(children)
            with PeakMemory(partial(_labelled, children, of_ray)) as memory:
                seconds: dict[str, list[float]] = {name: [] for name in pools}
                answers: dict[str, list[bytes]] = {}
                for turn in range(rounds):
                    for name, pool in pools.items():
                        started = time.monotonic()
                        answers[name] = await _through(pool, job, items)
                        seconds[name].append(time.monotonic() - started)
                    say(number * rounds + turn + 1, len(_WORK) * rounds)
            for pool in pools.values():
                await pool.stop()
            if answers["processes"] != answers["ray"]:
                raise Unequal(f"The results of {stage} differ between the two ways.")
            rows.append(_row(stage, len(items), settings.workers, starts, seconds, memory.trees_mb))
    ray_cluster.disconnect()
    return {
        "bench": "compute",
        "machine": describe(),
        "rows": rows,
        "pooled": {"ratio": round(sum(row["ratio"] for row in rows) / len(rows), 3)},
        "baselines": {"processes": {row["item"]: row["processes_items_per_s"] for row in rows}},
    }


async def _items(settings: Settings, stage: str, extract: str, video: Path) -> list[dict[str, Any]]:
    pool = ChildPool(1, settings, stage)
    asked = Options().model_dump(mode="json")
    found = [orjson.loads(body) async for body, _ in pool.run(extract, {"path": str(video), "options": asked})]
    await pool.stop()
    return [{"item": item, "options": asked} for item in found[:-1]]  # the last is the end of the stream


async def _started(pool: Pool) -> float:
    started = time.monotonic()
    await pool.warm()
    return time.monotonic() - started


async def _through(pool: Pool, job: str, items: list[dict[str, Any]]) -> list[bytes]:
    async def one(item: dict[str, Any]) -> bytes:
        (output,) = [body async for body, _ in pool.run(job, item)]
        return output

    return await asyncio.gather(*(one(item) for item in items))


def _family() -> set[int]:
    """Processes that descend from this one; of a cluster elsewhere there are none."""
    return {process.pid for process in psutil.Process(os.getpid()).children(recursive=True)}


def _labelled(children: list[int], of_ray: set[int]) -> list[tuple[str, int]]:
    roots = {pid for pid in of_ray if not _parents(pid) & of_ray}
    return [*((f"processes {n}", pid) for n, pid in enumerate(children)), *((f"ray {pid}", pid) for pid in roots)]


def _parents(pid: int) -> set[int]:
    try:
        return {one.pid for one in psutil.Process(pid).parents()}
    except psutil.Error:
        return set()


def _row(
    stage: str,
    items: int,
    workers: int,
    starts: dict[str, float],
    seconds: dict[str, list[float]],
    memory_mb: dict[str, float],
) -> dict[str, Any]:
    best = {name: sorted(times)[len(times) // 2] for name, times in seconds.items()}
    memory = {name: round(sum(size for label, size in memory_mb.items() if label.startswith(name))) for name in seconds}
    return {
        "item": stage,
        "items": items,
        "workers": workers,
        "equal": True,
        "processes_s": [round(one, 2) for one in seconds["processes"]],
        "ray_s": [round(one, 2) for one in seconds["ray"]],
        "processes_items_per_s": round(items / best["processes"], 2),
        "ray_items_per_s": round(items / best["ray"], 2),
        "ratio": round(best["processes"] / best["ray"], 3),
        "service_s": round(best["processes"] * workers / items, 3),  # of one child for one item
        "processes_start_s": round(starts["processes"], 1),
        "ray_start_s": round(starts["ray"], 1),
        "processes_mb": memory["processes"],
        "ray_mb": memory["ray"],
    }


__all__ = ["Unequal", "run"]
