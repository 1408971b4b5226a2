"""From progress records to one figure per stage and one per video."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from schemas.messages import Progress, StageRun

# Shares of the whole work, measured on a minute of talk on 2 cores: recognition and picture analysis are the most.
WEIGHTS: Final = {
    "metadata": 0.02,
    "audio-extractor": 0.08,
    "frame-extractor": 0.10,
    "transcriber": 0.44,
    "vision": 0.30,
    "content": 0.01,
    "segmenter": 0.05,
}
_FEEDS: Final = {"transcriber": "audio-extractor", "vision": "frame-extractor", "content": "audio-extractor"}


@dataclass(slots=True)
class StageProgress:
    """One stage of one video."""

    indexes: set[int] = field(default_factory=set)
    total: int | None = None
    position_ms: int = 0
    ended: bool = False
    failed: str | None = None

    @property
    def done(self) -> int:
        """Items that are through."""
        return len(self.indexes)


@dataclass(slots=True)
class VideoProgress:
    """All stages of one video; takes records in any order and repeats."""

    video_id: str
    generation: int = 0
    stages: dict[str, StageProgress] = field(default_factory=dict)
    duration_ms: int = 0
    updated_at_ms: int = 0
    # What was told of the work so far. How far a stage is is guessed by the time of its last item until their number is
    # known, and items come in any order, so that the number may be behind the guess: nobody is told less than before.
    reached: float = 0.0

    def update(self, record: Progress) -> None:
        """Take one record; those of an older generation are passed over."""
        if record.video_id != self.video_id or record.generation < self.generation:
            return
        if record.generation > self.generation:
            self.generation, self.stages, self.reached = record.generation, {}, 0.0
        stage = self.stages.setdefault(record.stage, StageProgress())
        self.updated_at_ms = max(self.updated_at_ms, record.at_ms)
        if record.status == "failed":
            stage.failed = record.note
        stage.indexes.update(index for index in (record.index, *record.also) if index >= 0)
        if record.index < 0:
            stage.ended = True
        if record.total is not None:
            stage.total = record.total
        if record.position_ms is not None:
            stage.position_ms = max(stage.position_ms, record.position_ms)
        if record.stage == "metadata" and record.position_ms:
            self.duration_ms = record.position_ms
        self.reached = self.overall

    def finish(self, generation: int, runs: Iterable[StageRun]) -> None:
        """The video is through: what its result counts holds, whatever progress was lost or is kept no more."""
        if generation > self.generation:
            self.generation, self.stages, self.reached = generation, {}, 0.0
        for run in runs:
            if run.stage not in _FEEDS:
                continue
            self.stages.setdefault(run.stage, StageProgress()).indexes = set(range(run.records))
            feeder = self.stages.setdefault(_FEEDS[run.stage], StageProgress())
            feeder.total, feeder.ended = max(feeder.total or 0, run.records), True

    def fraction(self, stage: str) -> float:
        """How much of a stage is done, 0..1."""
        state = self.stages.get(stage)
        if state is None:
            return 0.0
        if stage in ("metadata", "segmenter", "enricher"):
            return 1.0 if stage == "metadata" or state.done else 0.0
        if stage in _FEEDS:
            feeder = self.stages.get(_FEEDS[stage])
            total = state.total if state.total is not None else feeder.total if feeder else None
            if total is not None:
                return 1.0 if total == 0 else min(1.0, state.done / total)
        elif state.ended:
            return 1.0
        return min(0.99, state.position_ms / self.duration_ms) if self.duration_ms else 0.0

    @property
    def overall(self) -> float:
        """How much of the video's work is done, 0..1."""
        return max(self.reached, sum(weight * self.fraction(stage) for stage, weight in WEIGHTS.items()))

    def summary(self) -> str:
        """One short line: what is going on."""
        parts = []
        for stage, word in (("transcriber", "speech"), ("vision", "pictures")):
            state, feeder = self.stages.get(stage), self.stages.get(_FEEDS[stage])
            total = feeder.total if feeder and feeder.ended else None
            if state is not None or feeder is not None:
                parts.append(f"{word} {state.done if state else 0}/{total if total is not None else '?'}")
        failures = [f"{name}: {state.failed}" for name, state in self.stages.items() if state.failed]
        return " · ".join(parts + failures[:1]) or "queued"
