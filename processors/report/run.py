"""How a result was made: time by stage, models and other facts of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from processors.domain import FrameAnalysis
from processors.report.frames import source_name
from processors.report.labels import STAGE_LABELS
from processors.report.source import number, text, whole
from processors.timeline import clock


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage: its time, and that as per cent of the longest."""

    name: str
    time: str
    percent: float
    note: str


def stage_views(run: Mapping[str, Any]) -> list[StageView]:
    """The stages in the order of the result."""
    timings = run.get("timings_ms") or {}
    cache = run.get("cache") or {}
    longest = max((number(ms) for ms in timings.values()), default=0.0)
    views = []
    for stage, ms in timings.items():
        hits = cache.get(stage) if isinstance(cache, Mapping) else None
        cached = whole(hits.get("hits")) if isinstance(hits, Mapping) else 0
        records = whole(hits.get("records")) if isinstance(hits, Mapping) else 0
        note = ", ".join(
            part for part in (f"{cached} of {records} from the cache" if cached else "", _spent(run, stage)) if part
        )
        views.append(
            StageView(
                STAGE_LABELS.get(stage, text(stage)),
                _seconds(number(ms)),
                round(100 * number(ms) / longest, 1) if longest else 0.0,
                note,
            )
        )
    return views


def _spent(run: Mapping[str, Any], stage: str) -> str:
    costs = run.get("costs_usd")
    usd = number(costs.get(stage)) if isinstance(costs, Mapping) else 0.0
    return f"{usd:.4f} USD" if usd > 0 else ""


def model_names(models: object) -> list[str]:
    """Model names from a list, or from a map of use to name."""
    if isinstance(models, Mapping):
        return [text(f"{use}: {name}") for use, name in models.items()]
    return [text(model) for model in models] if isinstance(models, list | tuple) else []


def run_facts(result: Mapping[str, Any], frames: Sequence[FrameAnalysis] = ()) -> list[tuple[str, str]]:
    """Name and value of what else is known about the run."""
    run = result.get("run") or {}
    facts = [("Video id", text(result.get("video_id")))]
    revision = f"{whole(result.get('generation'))}.{whole(result.get('revision'))}"
    facts.append(("Generation and revision", revision))
    if number(run.get("wall_ms")) > 0:
        facts.append(("From start to result", _seconds(number(run.get("wall_ms")))))
    if number(run.get("cost_usd")) > 0:
        facts.append(("Spent on services", f"{number(run.get('cost_usd')):.4f} USD"))
    facts.append(("Frames described by", _sources(frames)))
    return [(name, value) for name, value in facts if value]


def _sources(frames: Sequence[FrameAnalysis]) -> str:
    """How many frames each source described, the most first."""
    counts = Counter(text(frame.source) for frame in frames)
    return ", ".join(f"{source_name(source)} ({count})" for source, count in counts.most_common() if source)


def _seconds(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1_000 else f"{ms / 1_000:.1f} s" if ms < 60_000 else clock(round(ms))


__all__ = ["StageView", "model_names", "run_facts", "stage_views"]
