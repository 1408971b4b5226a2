"""`clipstream bench pipeline`: one video by the naive script and by clipstream, in one run, with the same models."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.bench.baseline import started
from ops.bench.embedded import embedded_agents, final_result
from ops.bench.machine import describe
from ops.bench.memory import PeakMemory
from ops.bench.truth import Spoken, pooled_errors, speech_of
from processors.blobs import BlobStore
from processors.options import Options
from schemas.messages import Segments
from streams import results
from streams.client import request_for
from streams.settings import Settings


@dataclass
class Ours:
    """What clipstream did."""

    seconds: float = 0.0
    first_s: float | None = None
    result: dict[str, Any] = field(default_factory=dict)
    trees_mb: dict[str, float] = field(default_factory=dict)
    process_mb: dict[str, float] = field(default_factory=dict)


def run(videos: list[Path], model: str, settings: Settings) -> dict[str, Any]:
    """Compare on each video; returns the JSON of the benchmark contract.

    Args:
        videos: with `NAME.truth.json` beside them where word errors are to be counted.
        model: recogniser that both sides use.
        settings: with it, and the cache folder of models and jars; everything else is made anew in an empty folder.

    Raises:
        InvalidMessage: a truth cannot be read.
    """
    truths = [_truth(video) for video in videos]  # all are read before any work
    rows = [_compare(video, truth, model, settings) for video, truth in zip(videos, truths, strict=True)]
    naive = sum(row["naive_seconds"] for row in rows)
    ours = sum(row["seconds"] for row in rows)
    return {
        "bench": "pipeline",
        "machine": describe(),
        "model": model,
        "rows": rows,
        "pooled": {"ratio": naive / ours, "seconds": ours, "naive_seconds": naive},
        "baselines": {"naive": {"seconds": naive}},
    }


def _truth(video: Path) -> list[Spoken] | None:
    truth = video.with_name(f"{video.stem}.truth.json")
    return speech_of(truth) if truth.exists() else None


def _compare(video: Path, spoken: list[Spoken] | None, model: str, settings: Settings) -> dict[str, Any]:
    ours = asyncio.run(_clipstream(video, settings))
    naive = _naive(video, model, settings)
    result = ours.result
    said = [(word["start_ms"], word["text"]) for spoken in result["transcript"] for word in spoken["words"]]
    naive_said = [(word["start_ms"], word["text"]) for word in naive["words"]]
    row: dict[str, Any] = {
        "item": video.name,
        "duration_ms": result["duration_ms"],
        "status": result["status"],
        "seconds": round(ours.seconds, 2),
        "naive_seconds": round(naive["seconds"], 2),
        "ratio": round(naive["seconds"] / ours.seconds, 3),
        "naive_asr_seconds": round(naive["asr_seconds"], 2),
        "naive_vision_seconds": round(naive["vision_seconds"], 2),
        "first_provisional_s": round(ours.first_s, 2) if ours.first_s is not None else None,
        "first_provisional_share": round(ours.first_s / ours.seconds, 3) if ours.first_s is not None else None,
        "stage_ms": result["run"]["timings_ms"],
        "cache_hits": sum(stage["hits"] for stage in result["run"]["cache"].values()),
        "frames": len(result["frames"]),
        "naive_frames": naive["frames"],
        "shots": len(result["shots"]),
        "segments": len(result["segments"]),
        "memory_mb": {name: round(size) for name, size in sorted(ours.trees_mb.items())},
        "largest_process_mb": {name: round(size) for name, size in sorted(ours.process_mb.items())},
        "naive_memory_mb": round(naive["memory_mb"]),
    }
    if row["cache_hits"]:
        raise AssertionError("the result cache answered during a benchmark")
    if spoken is not None:
        row["wer"] = pooled_errors(spoken, said)
        row["naive_wer"] = pooled_errors(spoken, naive_said)
    return row


async def _clipstream(video: Path, base: Settings) -> Ours:
    async with embedded_agents(base) as running:
        settings, ours = running.settings, Ours()

        def say(result: Segments, seconds: float) -> None:
            if ours.first_s is None and result.segments:
                ours.first_s = seconds

        request = request_for(str(video), Options(), None, settings)
        with PeakMemory(running.roots) as memory:
            result, ours.seconds = await final_result(request, settings, say)
        ours.result = results.to_json(result, BlobStore(settings.store))
        ours.trees_mb, ours.process_mb = memory.trees_mb, memory.largest_process_mb
        return ours


def _naive(video: Path, model: str, settings: Settings) -> dict[str, Any]:
    arguments = [str(video), model, str(settings.cache_dir)]
    with (
        started("ops.bench.naive", arguments) as (process, asked, answers),
        PeakMemory(lambda: [("naive", process.pid)]) as memory,
    ):
        print("go", file=asked, flush=True)
        lines = answers.read().strip().splitlines()
    if process.returncode != 0 or not lines:
        raise RuntimeError(f"the naive pipeline failed with exit code {process.returncode}")
    found: dict[str, Any] = json.loads(lines[-1])
    found["memory_mb"] = memory.trees_mb.get("naive", 0.0)
    return found
