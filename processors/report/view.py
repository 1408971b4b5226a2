"""What the report shows, worked out before any HTML: the template only lays it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from processors.domain import Document, FrameAnalysis
from processors.report import timeline
from processors.report.cards import SegmentView, segment_views
from processors.report.frames import OPEN_FRAMES, FrameView, frame_views
from processors.report.labels import STATUS
from processors.report.pictures import STRIP_WIDTH, Picture, Pictures
from processors.report.publishing import texts
from processors.report.run import StageView, model_names, run_facts, stage_views
from processors.report.source import entries, percent, text, whole
from processors.report.spoken import (
    LanguageView,
    ParagraphView,
    SpeakerView,
    language_views,
    paragraph_views,
    speaker_views,
)
from processors.report.subjects import TopicView, topic_views
from processors.segments.keyframes import key_frame
from processors.timeline import clock

# Pictures above the timeline on a desktop; a phone shows every second one.
STRIP_SLOTS: Final = 10
# A longer transcript starts folded, so that the page opens at once.
TRANSCRIPT_OPEN_PARAGRAPHS: Final = 40


@dataclass(frozen=True, slots=True)
class ReportView:
    """Everything on the page, in the order in which it is shown; paths and positions are those of `timeline`."""

    title: str
    video_id: str
    status: str
    status_label: str
    status_meaning: str
    error: str
    missing: list[str]
    suggestions: list[str]
    duration: str
    confidence: int | None
    languages: list[LanguageView]
    speakers: list[SpeakerView]
    speaker_count: int
    segments: list[SegmentView]
    strip: list[Picture | None]
    speech: list[timeline.Bar]
    cuts: str
    gradual: str
    gradual_counts: str
    cut_density: list[timeline.Shade]
    shot_count: int
    curve: str
    lanes: int
    ticks: list[timeline.Tick]
    topics: list[TopicView]
    paragraphs: list[ParagraphView]
    transcript_open: bool
    stages: list[StageView]
    models: list[str]
    facts: list[tuple[str, str]]
    frames: list[FrameView]
    frame_count: int
    frames_open: bool


def build_view(result: Mapping[str, Any], document: Document, pictures: Pictures) -> ReportView:
    """Work out what to show.

    Args:
        result: the JSON of a result; absent keys are passed over.
        document: its transcript, shots, frames and curve.
        pictures: loads the frames.
    """
    duration_ms = whole(result.get("duration_ms"))
    status = text(result.get("status"))
    label, meaning = STATUS.get(status, (status or "Unknown", ""))
    if result.get("until_ms") is not None:
        meaning = f"{meaning} It reaches to {clock(whole(result['until_ms']))}.".lstrip()
    languages = language_views(result, document)
    segments = segment_views(entries(result, "segments"), document, duration_ms, pictures)
    speakers, speaker_count = speaker_views(document)
    paragraphs = paragraph_views(document.transcript, entries(result, "segments"), named=bool(speakers))
    video_id = text(result.get("video_id"))
    name = text(result.get("title")) or text(result.get("source")) or video_id or "Untitled video"
    codes = [language.code for language in languages]
    return ReportView(
        title=name,
        video_id=video_id,
        status=status if status in STATUS else "unknown",
        status_label=label,
        status_meaning=meaning,
        error=text(result.get("error")),
        missing=[note for note in map(text, result.get("missing") or []) if note],
        suggestions=texts(result.get("suggestions")),
        duration=clock(duration_ms) if duration_ms else "",
        confidence=percent(result["confidence"]) if segments and "confidence" in result else None,
        languages=languages,
        speakers=speakers,
        speaker_count=speaker_count,
        segments=segments,
        strip=_strip(document.frames, duration_ms, pictures),
        speech=timeline.speech_bars(document.transcript, codes, duration_ms),
        cuts=timeline.cut_path(document.shots, duration_ms),
        gradual=timeline.cut_path(document.shots, duration_ms, gradual=True),
        gradual_counts=timeline.gradual_counts(document.shots),
        cut_density=timeline.cut_density(document.shots, duration_ms),
        shot_count=len(document.shots),
        curve=timeline.curve_path(document.curve, duration_ms),
        lanes=1 + max((segment.marker.lane for segment in segments), default=0),
        ticks=timeline.axis(duration_ms),
        topics=topic_views(document.topics),
        paragraphs=paragraphs,
        transcript_open=len(paragraphs) <= TRANSCRIPT_OPEN_PARAGRAPHS,
        stages=stage_views(result.get("run") or {}),
        models=model_names((result.get("run") or {}).get("models")),
        facts=run_facts(result, document.frames),
        frames=frame_views(document.frames, pictures),
        frame_count=len(document.frames),
        frames_open=len(document.frames) <= OPEN_FRAMES,
    )


def _strip(frames: Sequence[FrameAnalysis], duration_ms: int, pictures: Pictures) -> list[Picture | None]:
    strip = []
    bounds = [duration_ms * slot // STRIP_SLOTS for slot in range(STRIP_SLOTS + 1)]
    for start_ms, end_ms in pairwise(bounds):
        frame = key_frame(list(frames), start_ms, end_ms)
        # decoration: each frame that matters has its words beside it elsewhere
        strip.append(None if frame is None else pictures.get(frame.frame_uri, STRIP_WIDTH, ""))
    return strip if any(strip) else []


__all__ = ["ReportView", "build_view"]
