"""What the report shows, worked out before any HTML: the template only lays it out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from processors.domain import Document, FrameAnalysis, Utterance
from processors.report import timeline
from processors.report.labels import GROUP_OF, LANGUAGE_NAMES, SIGNAL_LABELS, STAGE_LABELS, STATUS
from processors.report.pictures import CARD_WIDTH, STRIP_WIDTH, Picture, Pictures
from processors.report.source import entries, identifier, number, text, whole
from processors.segments.keyframes import key_frame
from processors.timeline import clock

# Reasons shown at once; the others unfold. Five explain nine tenths of most scores.
REASONS_SHOWN: Final = 5
# Pictures above the timeline on a desktop; a phone shows every second one.
STRIP_SLOTS: Final = 10
# A paragraph of the transcript ends at a pause of this length, and anyway when it has lasted that long.
PARAGRAPH_PAUSE_MS: Final = 2_000
PARAGRAPH_MS: Final = 15_000
# A longer transcript starts folded, so that the page opens at once.
TRANSCRIPT_OPEN_PARAGRAPHS: Final = 40
# Languages with a colour of their own; more share the last one.
LANGUAGE_COLOURS: Final = 6
_LANGUAGE_CODE: Final = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class ReasonView:
    label: str
    group: str
    percent: int
    share: int
    detail: str


@dataclass(frozen=True, slots=True)
class SegmentView:
    rank: int
    title: str
    text: str
    times: str
    length: str
    score: int
    confidence: int
    picture: Picture | None
    marker: timeline.Marker
    reasons: list[ReasonView]
    more_reasons: list[ReasonView]
    topics: list[str]


@dataclass(frozen=True, slots=True)
class LanguageView:
    code: str
    name: str
    share: int
    kind: int


@dataclass(frozen=True, slots=True)
class ParagraphView:
    time: str
    text: str
    language: str
    ranks: list[int]


@dataclass(frozen=True, slots=True)
class StageView:
    name: str
    time: str
    percent: float
    note: str


@dataclass(frozen=True, slots=True)
class ReportView:
    title: str
    video_id: str
    status: str
    status_label: str
    status_meaning: str
    error: str
    missing: list[str]
    duration: str
    confidence: int | None
    languages: list[LanguageView]
    segments: list[SegmentView]
    strip: list[Picture | None]
    speech: list[timeline.Bar]
    cuts: str
    cut_density: list[timeline.Shade]
    shot_count: int
    curve: str
    lanes: int
    ticks: list[timeline.Tick]
    paragraphs: list[ParagraphView]
    transcript_open: bool
    stages: list[StageView]
    models: list[str]
    facts: list[tuple[str, str]]


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
    languages = _languages(result, document)
    segments = _segments(entries(result, "segments"), document, duration_ms, pictures)
    paragraphs = _paragraphs(document.transcript, entries(result, "segments"))
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
        duration=clock(duration_ms) if duration_ms else "",
        confidence=_percent(result["confidence"]) if segments and "confidence" in result else None,
        languages=languages,
        segments=segments,
        strip=_strip(document.frames, duration_ms, pictures),
        speech=timeline.speech_bars(document.transcript, codes, duration_ms),
        cuts=timeline.cut_path(document.shots, duration_ms),
        cut_density=timeline.cut_density(document.shots, duration_ms),
        shot_count=len(document.shots),
        curve=timeline.curve_path(document.curve, duration_ms),
        lanes=1 + max((segment.marker.lane for segment in segments), default=0),
        ticks=timeline.axis(duration_ms),
        paragraphs=paragraphs,
        transcript_open=len(paragraphs) <= TRANSCRIPT_OPEN_PARAGRAPHS,
        stages=_stages(result.get("run") or {}),
        models=_models((result.get("run") or {}).get("models")),
        facts=_facts(result),
    )


def _segments(
    found: Sequence[Mapping[str, Any]], document: Document, duration_ms: int, pictures: Pictures
) -> list[SegmentView]:
    spans = [(whole(entry.get("start_ms")), whole(entry.get("end_ms"))) for entry in found]
    views = []
    for position, (entry, span, marker) in enumerate(
        zip(found, spans, timeline.markers(spans, duration_ms), strict=True), start=1
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
                score=_percent(entry.get("score")),
                confidence=_percent(entry.get("confidence")),
                picture=pictures.get(
                    identifier(entry.get("keyframe_uri")), CARD_WIDTH, _alt(rank, entry, document, span)
                ),
                marker=marker,
                reasons=reasons[:REASONS_SHOWN],
                more_reasons=reasons[REASONS_SHOWN:],
                topics=[topic for topic in map(text, entry.get("topics") or []) if topic],
            )
        )
    return views


def _reason(entry: Mapping[str, Any]) -> ReasonView:
    signal = text(entry.get("signal"))
    return ReasonView(
        label=SIGNAL_LABELS.get(signal, signal.replace("_", " ").capitalize()),
        group=GROUP_OF.get(signal, "other"),
        percent=_percent(entry.get("value")),
        share=_percent(entry.get("weight")),
        detail=text(entry.get("detail")),
    )


def _alt(rank: int, entry: Mapping[str, Any], document: Document, span: tuple[int, int]) -> str:
    uri = identifier(entry.get("keyframe_uri"))
    frame = next((frame for frame in document.frames if frame.frame_uri == uri), None)
    if frame is None:
        return f"Key frame of segment {rank}, between {clock(span[0])} and {clock(span[1])}"
    seen = [text(label.name) for label in frame.labels[:3]]
    faces = len(frame.faces)
    seen += [f"{faces} face{'s' * (faces > 1)}"] * bool(faces)
    return f"Key frame of segment {rank} at {clock(frame.pts_ms)}{': ' if seen else ''}{', '.join(seen)}"


def _strip(frames: Sequence[FrameAnalysis], duration_ms: int, pictures: Pictures) -> list[Picture | None]:
    strip = []
    bounds = [duration_ms * slot // STRIP_SLOTS for slot in range(STRIP_SLOTS + 1)]
    for start_ms, end_ms in pairwise(bounds):
        frame = key_frame(list(frames), start_ms, end_ms)
        # decoration: each frame that matters has its words beside it elsewhere
        strip.append(None if frame is None else pictures.get(frame.frame_uri, STRIP_WIDTH, ""))
    return strip if any(strip) else []


def _languages(result: Mapping[str, Any], document: Document) -> list[LanguageView]:
    spoken: dict[str, int] = {code: 0 for code in result.get("languages") or [] if isinstance(code, str)}
    for utterance in document.transcript:
        if utterance.language:
            spoken[utterance.language] = spoken.get(utterance.language, 0) + utterance.end_ms - utterance.start_ms
    total = sum(spoken.values())
    return [
        LanguageView(
            code,
            LANGUAGE_NAMES.get(code, text(code)),
            round(100 * ms / total) if total else 0,
            min(kind, LANGUAGE_COLOURS - 1),
        )
        for kind, (code, ms) in enumerate(spoken.items())
    ]


def _paragraphs(transcript: Sequence[Utterance], segments: Sequence[Mapping[str, Any]]) -> list[ParagraphView]:
    groups: list[list[Utterance]] = []
    for utterance in transcript:
        last = groups[-1] if groups else None
        if (
            last is None
            or utterance.language != last[-1].language
            or utterance.start_ms - last[-1].end_ms >= PARAGRAPH_PAUSE_MS
            or utterance.end_ms - last[0].start_ms > PARAGRAPH_MS
        ):
            groups.append([])
        groups[-1].append(utterance)
    spans = [
        (whole(entry.get("rank")) or position, whole(entry.get("start_ms")), whole(entry.get("end_ms")))
        for position, entry in enumerate(segments, start=1)
    ]
    views = []
    for group in groups:
        start_ms, end_ms = group[0].start_ms, group[-1].end_ms
        ranks = sorted(rank for rank, begin, end in spans if begin < end_ms and end > start_ms)
        language = group[0].language if _LANGUAGE_CODE.fullmatch(group[0].language) else ""
        joint = "" if language in ("zh", "ja", "yue") else " "
        views.append(ParagraphView(clock(start_ms), joint.join(text(part.text) for part in group), language, ranks))
    return views


def _stages(run: Mapping[str, Any]) -> list[StageView]:
    timings = run.get("timings_ms") or {}
    cache = run.get("cache") or {}
    longest = max((number(ms) for ms in timings.values()), default=0.0)
    views = []
    for stage, ms in timings.items():
        hits = cache.get(stage) if isinstance(cache, Mapping) else None
        cached = whole(hits.get("hits")) if isinstance(hits, Mapping) else 0
        records = whole(hits.get("records")) if isinstance(hits, Mapping) else 0
        note = f"{cached} of {records} from the cache" if cached else ""
        views.append(
            StageView(
                STAGE_LABELS.get(stage, text(stage)),
                _seconds(number(ms)),
                round(100 * number(ms) / longest, 1) if longest else 0.0,
                note,
            )
        )
    return views


def _models(models: object) -> list[str]:
    if isinstance(models, Mapping):
        return [text(f"{use}: {name}") for use, name in models.items()]
    return [text(model) for model in models] if isinstance(models, list | tuple) else []


def _facts(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    run = result.get("run") or {}
    facts = [("Video id", text(result.get("video_id")))]
    revision = f"{whole(result.get('generation'))}.{whole(result.get('revision'))}"
    facts.append(("Generation and revision", revision))
    if number(run.get("wall_ms")) > 0:
        facts.append(("From start to result", _seconds(number(run.get("wall_ms")))))
    if number(run.get("cost_usd")) > 0:
        facts.append(("Spent on services", f"{number(run.get('cost_usd')):.4f} USD"))
    return [(name, value) for name, value in facts if value]


def _seconds(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1_000 else f"{ms / 1_000:.1f} s" if ms < 60_000 else clock(round(ms))


def _percent(value: object) -> int:
    return round(100 * min(1.0, max(0.0, number(value))))


__all__ = ["ReportView", "build_view"]
