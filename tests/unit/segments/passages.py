"""Passages of hand-made videos, for tests of texts and suggestions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from processors.domain import Document, FrameAnalysis, Scene, Segment, Topic, Utterance
from processors.languages import UNSPACED
from processors.segments.passage import Passage, Video
from tests.unit.segments.builders import utterance


def spoken(text: str, start_ms: int = 0, language: str = "en") -> Utterance:
    """An utterance as it is written: of scripts without blanks those between the words are the builder's."""
    said = utterance(text, start_ms, language)
    return replace(said, text=text.replace(" ", "")) if language in UNSPACED else said


def segment(start_ms: int, end_ms: int, **change: Any) -> Segment:
    """A chosen segment."""
    values: dict[str, Any] = {
        "segment_id": f"vid-{start_ms}-{end_ms}",
        "rank": 1,
        "start_ms": start_ms,
        "end_ms": end_ms,
        "score": 0.5,
        "confidence": 0.5,
        "title": "A title",
        "text": "",
        "reasons": [],
        "keyframe_uri": None,
    }
    return Segment(**{**values, **change})


def video(
    said: Sequence[Utterance] = (),
    frames: Sequence[FrameAnalysis] = (),
    scenes: Sequence[Scene] = (),
    topics: Sequence[Topic] = (),
    duration_ms: int = 0,
) -> Video:
    """A video of these parts."""
    ends = [each.end_ms for each in [*said, *scenes]] + [each.pts_ms + 1 for each in frames]
    document = Document(transcript=list(said), frames=list(frames), scenes=list(scenes), topics=list(topics))
    return Video.of(document, duration_ms or max(ends, default=1))


def passage(of: Video, start_ms: int = 0, end_ms: int = 0, **change: Any) -> Passage:
    """A passage of it; all of it when no times are given."""
    return of.passage(segment(start_ms, end_ms or of.material.duration_ms, **change))
