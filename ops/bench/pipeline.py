"""`clipstream bench pipeline`: one video by the naive script and by clipstream, in one run, with the same models.

Beside the seconds stands what the words, shots and segments of either are worth (`accuracy`).
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from ops.bench import accuracy
from ops.bench.baseline import started
from ops.bench.embedded import embedded_agents, final_result
from ops.bench.machine import describe
from ops.bench.memory import PeakMemory
from ops.bench.naive_parts import all_shots, best_of, naive_parts, with_pictures, with_words
from ops.bench.segments_embedding import embedder
from ops.bench.segments_files import highlights_of
from ops.bench.shot_truth import Film, film_of
from ops.bench.truth import Spoken, pooled_errors, speech_of
from processors.blobs import BlobStore
from processors.domain import FrameAnalysis, Segment, Shot, Span, Utterance
from processors.models.store import ModelStore
from processors.options import Options
from processors.segments.meaning import Understand
from schemas.messages import Segments
from streams import results
from streams.client import request_for
from streams.settings import Settings

_PICTURES: Final = TypeAdapter(list[FrameAnalysis])


@dataclass
class _Understood:
    """What of a result its ranking was made of, and the segments."""

    transcript: list[Utterance]
    frames: list[FrameAnalysis]
    shots: list[Span]  # contiguous
    segments: list[Segment]


_UNDERSTOOD: Final = TypeAdapter(_Understood)


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
    known = [(_truth(video), film_of(video)) for video in videos]  # all are read before any work
    rows = [_compare(video, *truth, model, settings) for video, truth in zip(videos, known, strict=True)]
    naive = sum(row["naive_seconds"] for row in rows)
    ours = sum(row["seconds"] for row in rows)
    return {
        "bench": "pipeline",
        "machine": describe(),
        "model": model,
        "rows": rows,
        "pooled": {"ratio": naive / ours, "seconds": ours, "naive_seconds": naive, "accuracy": accuracy.pooled(rows)},
        "baselines": {"naive": {"seconds": naive}},
    }


def _truth(video: Path) -> list[Spoken] | None:
    truth = video.with_name(f"{video.stem}.truth.json")
    return speech_of(truth) if truth.exists() else None


def _compare(
    video: Path, spoken: list[Spoken] | None, film: Film | None, model: str, settings: Settings
) -> dict[str, Any]:
    ours = asyncio.run(_clipstream(video, settings))
    naive = _naive(video, model, settings)
    result = ours.result
    said = [(word["start_ms"], word["text"]) for spoken in result["transcript"] for word in spoken["words"]]
    naive_said = [(word["start_ms"], word["text"]) for heard in naive["utterances"] for word in heard["words"]]
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
        "naive_frames": len(naive["pictures"]),
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
    models = ModelStore(settings.models_dir, settings.cache_dir, not settings.offline)
    shots = all_shots(video, models, settings.threads)
    return row | _accuracy(video, film, result, naive, shots, embedder(models))


def _accuracy(
    video: Path,
    film: Film | None,
    result: dict[str, Any],
    naive: dict[str, Any],
    shots: list[Shot],
    understand: Understand | None = None,
) -> dict[str, Any]:
    """Shots and segments of both; the clock of neither runs."""
    pictures = _PICTURES.validate_python(naive["pictures"])
    theirs = naive_parts(video, naive["utterances"], pictures, shots)
    ours = _UNDERSTOOD.validate_python(result)
    ours_shots = [Shot(number, one.start_ms, one.end_ms) for number, one in enumerate(ours.shots)]
    best = best_of(theirs, understand)
    # which of both makes the difference: theirs with our words alone, and with our pictures alone
    words, seen = with_words(theirs, ours.transcript), with_pictures(theirs, ours.frames, ours_shots)
    begun = [shot.start_ms for shot in ours_shots][1:]
    chosen = [Span(one.start_ms, one.end_ms) for one in sorted(ours.segments, key=lambda one: one.rank)]
    return {
        "highlights_accuracy": accuracy.highlights_kept(chosen, best, known)
        if (known := highlights_of(video))
        else None,
        "shots_accuracy": accuracy.shots_kept(film, begun, [shot.start_ms for shot in shots]) if film else None,
        "spans_accuracy": accuracy.spans_kept(chosen, best)
        | {
            "found_with_our_words": accuracy.spans_kept(best_of(words, understand), best)["found"],
            "found_with_our_pictures": accuracy.spans_kept(best_of(seen, understand), best)["found"],
        },
    }


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
