"""How soon a long video has a first result, and what it is worth: `clipstream bench progressive`.

A result is worth something when one of its segments is still there in the end: has an IoU of 0.5 or more with one of
the ten best of the final result. Whether it has is a matter of the ranking alone, so it is computed without agents for
many talks and meetings (`--data`); how soon it comes is measured through all agents (`--video`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from ops.bench.bootstrap import LEVEL, ROUNDS, interval
from ops.bench.embedded import embedded_agents, final_result
from ops.bench.machine import describe
from ops.bench.progressive_marks import marks_of
from ops.bench.segments_embedding import embedder
from ops.bench.segments_files import Source, sources_of
from ops.bench.segments_item import Item
from ops.bench.segments_metrics import IOU, iou
from ops.bench.segments_qmsum import meetings_of
from processors.domain import Segment, Span
from processors.errors import InvalidMessage
from processors.models.store import ModelStore
from processors.options import Options
from processors.segments.meaning import Understand
from processors.segments.rank import rank
from processors.versions import ALGORITHM_VERSIONS
from schemas.messages import Segments
from streams.client import request_for
from streams.settings import Settings

# What a first result is measured against: as many segments as people look at.
FINAL_DEPTH: Final = 10
DECIMALS: Final = 4
OnItem = Callable[[str, int, int], None]


def run(
    settings: Settings,
    data: Path | None,
    videos: Sequence[Path],
    on_item: OnItem = lambda name, done, total: None,
) -> dict[str, Any]:
    """Measure; returns the JSON of the benchmark contract.

    Args:
        settings: models, cache folder; everything else is made anew in an empty folder.
        data: folder in the forms that `bench segments` reads; None for none.
        videos: to send through the agents; none of the figures of time are known without them.
        on_item: told the next item, how many are done, and how many there are.

    Raises:
        InvalidMessage: nothing to measure, or something cannot be read.
    """
    sources = _sources(data, settings) if data is not None else []
    if not sources and not videos:
        raise InvalidMessage(
            "There is nothing to measure.",
            "Name a folder with --data (docs/quality.md, Data of one's own), or a video with --video.",
        )
    understand = embedder(ModelStore(settings.models_dir, settings.cache_dir, not settings.offline))
    rows, timed = [], []
    total = len(sources) + len(videos)
    for number, source in enumerate(sources):
        on_item(source.name, number, total)
        rows.append(of_item(source.read(), understand))
    for number, video in enumerate(videos, len(sources)):
        on_item(video.name, number, total)
        timed.append(asyncio.run(_through_agents(video, settings)))
    on_item("", total, total)
    return {
        "bench": "progressive",
        "machine": describe(),
        "segmenter": ALGORITHM_VERSIONS["segmenter"],
        "model": settings.asr_model,
        "iou": IOU,
        "final_depth": FINAL_DEPTH,
        "bootstrap": {"level": LEVEL, "rounds": ROUNDS, "of": "items"},
        "rows": rows,
        "timed": timed,
        "pooled": {
            "items": len(rows),
            "revisions": [pooled(revisions) for revisions in by_number([row["revisions"] for row in rows])],
            "without_any": sum(not row["revisions"] for row in rows),
        },
        "baselines": {},
    }


def of_item(item: Item, understand: Understand | None = None) -> dict[str, Any]:
    """What each early result of an item would have been, beside the final one.

    A result without segments is not published, so it is not counted either.
    """
    final = _best(rank(item.parts, understand=understand).segments)
    revisions = []
    for until_ms in marks_of(item.duration_ms):
        segments = _best(rank(item.parts, until_ms, understand=understand).segments)
        if segments:
            revisions.append(
                {
                    "until_ms": until_ms,
                    "share_of_video": round(until_ms / item.duration_ms, DECIMALS),
                    "possible": any(one.start_ms < until_ms for one in final),
                    **compared(segments, final),
                }
            )
    return {"item": item.name, "duration_ms": item.duration_ms, "segments": len(final), "revisions": revisions}


def compared(segments: Sequence[Span], final: Sequence[Span]) -> dict[str, Any]:
    """An early result beside the final one.

    Args:
        segments: of the early one, best first, one at least.
        final: the best of the final one.
    """
    nearest = [max((iou(one, other) for other in final), default=0.0) for one in segments]
    return {
        "segments": len(segments),
        "stays": max(nearest) >= IOU,
        "first_stays": nearest[0] >= IOU,
        "share_stays": round(sum(near >= IOU for near in nearest) / len(nearest), DECIMALS),
        "best_iou": round(max(nearest), DECIMALS),
    }


def pooled(revisions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means over items, with the bounds of their bootstrap where the items differ."""
    found: dict[str, Any] = {"items": len(revisions)}
    for name in ("stays", "first_stays", "share_stays", "best_iou", "possible", "share_of_video"):
        values = [float(revision[name]) for revision in revisions]
        bounds = interval(values)
        found[name] = round(sum(values) / len(values), DECIMALS) if values else None
        found[f"{name}_interval"] = None if bounds is None else [round(bound, DECIMALS) for bound in bounds]
    return found


def by_number(items: Sequence[Sequence[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """The first early results of all items, then the second ones of those that have one, and so on."""
    most = max(map(len, items), default=0)
    return [[revisions[number] for revisions in items if number < len(revisions)] for number in range(most)]


def _sources(data: Path, settings: Settings) -> list[Source]:
    models = ModelStore(settings.models_dir, settings.cache_dir, not settings.offline)
    meetings = [Source(item.name, lambda item=item: item) for item in meetings_of(data)]  # type: ignore[misc]
    found = [*meetings, *sources_of(data, models, settings.asr_model, settings.threads)]
    if not found:
        raise InvalidMessage(
            f"There is nothing with marked spans (NAME.highlights.json or *.jsonl of QMSum's form) in {data}.",
            "docs/quality.md has the forms (Data of one's own).",
        )
    return found


async def _through_agents(video: Path, base: Settings) -> dict[str, Any]:
    """One video through all agents: when each result came, and what it is worth."""
    revisions: list[tuple[float, Segments]] = []
    async with embedded_agents(base) as running:
        request = request_for(str(video), Options(), None, running.settings)

        def say(result: Segments, seconds: float) -> None:
            revisions.append((seconds, result))

        result, seconds = await final_result(request, running.settings, say)
    final = _best(result.segments)
    early = [(at, one) for at, one in revisions if one.status == "provisional" and one.segments]
    return {
        "item": video.name,
        "duration_ms": result.duration_ms,
        "status": result.status,
        "seconds": round(seconds, 2),
        "segments": len(final),
        "revisions": [
            {
                "seconds": round(at, 2),
                "share_of_run": round(at / seconds, DECIMALS),
                **compared(_best(one.segments), final),
            }
            for at, one in early
        ],
    }


def _best(segments: Sequence[Segment]) -> list[Span]:
    ranked = sorted(segments, key=lambda segment: segment.rank)[:FINAL_DEPTH]
    return [Span(segment.start_ms, segment.end_ms) for segment in ranked]


__all__ = ["FINAL_DEPTH", "by_number", "compared", "of_item", "pooled", "run"]
