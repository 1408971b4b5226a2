"""What a video cost, by stage and service. A result says what each stage cost, and which services took part in all."""

from __future__ import annotations

from typing import Final

from processors.domain import Document
from schemas.messages import Segments, StageRun
from streams.database.tables import Row

LOCAL: Final = "local"  # the service of a stage that asked none
_MARK: Final = ":"  # between a service and its model, as in "openai:whisper-1"; models of our own have none


def cost_rows(result: Segments, document: Document) -> list[Row]:
    """One row for each stage of a result, those that cost nothing included; a stage that asked two names both."""
    stages = {run.stage: run for run in result.run.stages}
    services = _services(result, document)
    rows: list[Row] = []
    for stage in sorted({*stages, *result.run.costs_usd}):
        run = stages.get(stage) or StageRun(stage, 0, 0, 0)
        service = "+".join(sorted(services.get(stage, set()))) or LOCAL
        cost_usd = result.run.costs_usd.get(stage, 0.0)
        rows.append((result.video_id, stage, service, cost_usd, run.took_ms, run.records, run.cached))
    return rows


def _services(result: Segments, document: Document) -> dict[str, set[str]]:
    """The services of each stage. Frames and insights name theirs; what is left recognised speech or wrote copies."""
    seen = {frame.source for frame in document.frames if _MARK in frame.source}
    looked = {segment.insight.source for segment in result.segments if segment.insight is not None}
    known = seen | looked
    left = {
        model for model in result.run.models if model.startswith("openai:") and not any(one in model for one in known)
    }
    named = {"vision": seen, "enricher": looked, "transcriber": set[str]()}
    if left:
        named["transcriber" if "transcriber" in result.run.costs_usd else "enricher"] |= left
    return named


__all__ = ["LOCAL", "cost_rows"]
