"""The cards of the report: one for each segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from processors.domain import Document
from processors.report.frames import FrameView, frame_view
from processors.report.labels import GROUP_OF, SIGNAL_LABELS
from processors.report.pictures import CARD_WIDTH, Picture, Pictures
from processors.report.publishing import PublishingView, publishing_view
from processors.report.source import entries, identifier, percent, text, whole
from processors.report.spoken import speaker_name
from processors.report.timeline import Marker, markers
from processors.timeline import clock

# Reasons shown at once; the others unfold. Five bars stand about as high as the picture beside them.
REASONS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class ReasonView:
    """One bar: percentile in the video and share of the score, both in per cent."""

    label: str
    group: str
    percent: int
    share: int
    detail: str


@dataclass(frozen=True, slots=True)
class SegmentView:
    """One card; score and confidence in per cent."""

    rank: int
    title: str
    text: str
    times: str
    length: str
    score: int
    confidence: int
    picture: Picture | None
    seen: FrameView | None  # what is said of the picture
    marker: Marker
    reasons: list[ReasonView]
    more_reasons: list[ReasonView]
    topics: list[str]
    speakers: list[str]
    about: str  # what a service says of it, seen and heard; empty without one
    subjects: list[str]
    publishing: PublishingView


def segment_views(
    found: Sequence[Mapping[str, Any]], document: Document, duration_ms: int, pictures: Pictures
) -> list[SegmentView]:
    """The cards, in the order of the result.

    Args:
        found: the segments of the result.
        document: for what is seen in a key frame.
        duration_ms: of the video.
        pictures: loads the key frames.
    """
    spans = [(whole(entry.get("start_ms")), whole(entry.get("end_ms"))) for entry in found]
    views = []
    for position, (entry, span, marker) in enumerate(
        zip(found, spans, markers(spans, duration_ms), strict=True), start=1
    ):
        rank = whole(entry.get("rank")) or position
        reasons = [_reason(reason) for reason in entries(entry, "reasons")]
        views.append(
            SegmentView(
                rank=rank,
                title=text(entry.get("title")) or f"Moment at {clock(span[0])}",
                text=text(entry.get("text")),
                times=f"{clock(span[0])} – {clock(span[1])}",
                length=f"{(span[1] - span[0]) / 1000:.1f} s",
                score=percent(entry.get("score")),
                confidence=percent(entry.get("confidence")),
                picture=pictures.get(
                    identifier(entry.get("keyframe_uri")), CARD_WIDTH, _alt(rank, entry, document, span)
                ),
                seen=_seen(entry, document),
                marker=marker,
                reasons=reasons[:REASONS_SHOWN],
                more_reasons=reasons[REASONS_SHOWN:],
                topics=[topic for topic in map(text, entry.get("topics") or []) if topic],
                speakers=[speaker_name(name) for name in entry.get("speakers") or [] if isinstance(name, str)],
                about=text(_insight(entry).get("description")),
                subjects=[name for label in entries(_insight(entry), "labels") if (name := text(label.get("name")))],
                publishing=publishing_view(entry),
            )
        )
    return views


def _insight(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    insight = entry.get("insight")
    return insight if isinstance(insight, Mapping) else {}


def _seen(entry: Mapping[str, Any], document: Document) -> FrameView | None:
    uri = identifier(entry.get("keyframe_uri"))
    frame = next((frame for frame in document.frames if frame.frame_uri == uri), None) if uri else None
    return None if frame is None else frame_view(frame)


def _reason(entry: Mapping[str, Any]) -> ReasonView:
    signal = text(entry.get("signal"))
    return ReasonView(
        label=SIGNAL_LABELS.get(signal, signal.replace("_", " ").capitalize()),
        group=GROUP_OF.get(signal, "other"),
        percent=percent(entry.get("value")),
        share=percent(entry.get("weight")),
        detail=text(entry.get("detail")),
    )


def _alt(rank: int, entry: Mapping[str, Any], document: Document, span: tuple[int, int]) -> str:
    uri = identifier(entry.get("keyframe_uri"))
    frame = next((frame for frame in document.frames if frame.frame_uri == uri), None)
    if frame is None:
        return f"Key frame of segment {rank}, between {clock(span[0])} and {clock(span[1])}"
    if frame.description:
        return f"Key frame of segment {rank} at {clock(frame.pts_ms)}: {frame.description}"
    seen = [text(label.name) for label in frame.labels[:3]]
    faces = len(frame.faces)
    seen += [f"{faces} face{'s' * (faces > 1)}"] * bool(faces)
    return f"Key frame of segment {rank} at {clock(frame.pts_ms)}{': ' if seen else ''}{', '.join(seen)}"


__all__ = ["ReasonView", "SegmentView", "segment_views"]
