"""The document behind a report, read from a result in JSON when it is not at hand itself.

The JSON of a result is a contract that grows: unknown keys are passed over, absent ones get neutral values, so that a
report of an older or newer result still renders.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from processors.domain import (
    Document,
    Emotion,
    Face,
    FrameAnalysis,
    Label,
    Marker,
    Shot,
    Speaker,
    Topic,
    Utterance,
)
from processors.segments.words import clean_text


def document_of(result: Mapping[str, Any]) -> Document:
    """What the report shows of a merged result: no words one by one, no measurements."""
    return Document(
        transcript=[_utterance(entry) for entry in entries(result, "transcript")],
        dropped=[],
        shots=[
            Shot(index, whole(entry.get("start_ms")), whole(entry.get("end_ms")), text(entry.get("transition")) or None)
            for index, entry in enumerate(entries(result, "shots"))
        ],
        frames=[_frame(entry) for entry in entries(result, "frames")],
        curve=[number(value) for value in result.get("curve") or []],
        speakers=[
            Speaker(identifier(entry.get("speaker")), whole(entry.get("speech_ms")), entry.get("enrolled") is True)
            for entry in entries(result, "speakers")
        ],
        topics=[_topic(entry) for entry in entries(result, "topics")],
    )


def entries(holder: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The objects of a list in JSON; empty when it is absent or null."""
    return [entry for entry in holder.get(key) or [] if isinstance(entry, Mapping)]


def number(value: object, otherwise: float = 0.0) -> float:
    """A finite number, else `otherwise`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) == float("inf"):
        return otherwise
    return float(value)


def whole(value: object) -> int:
    """A time or count, >= 0; 0 when it is none."""
    return max(0, int(number(value)))


def percent(value: object) -> int:
    """A figure 0..1 as whole per cent, clipped; 0 when it is none."""
    return round(100 * min(1.0, max(0.0, number(value))))


def text(value: object) -> str:
    """A text for people: one line without control and direction-override characters; empty for null and other kinds."""
    return clean_text(value) if isinstance(value, str) else ""


def identifier(value: object) -> str:
    """A string as it is, such as a URI; empty for null and other kinds."""
    return value if isinstance(value, str) else ""


def _utterance(entry: Mapping[str, Any]) -> Utterance:
    return Utterance(
        start_ms=whole(entry.get("start_ms")),
        end_ms=whole(entry.get("end_ms")),
        text=text(entry.get("text")),
        language=text(entry.get("language")),
        words=[],
        avg_logprob=0.0,
        no_speech_probability=0.0,
        loudness_db=None,
        emotion=_emotion(entry.get("emotion")),
        markers=[
            Marker(text(marker.get("kind")), whole(marker.get("start_ms")), whole(marker.get("end_ms")), 0.0)
            for marker in entries(entry, "markers")
        ],
        speaker=identifier(entry.get("speaker")) or None,
    )


def _emotion(entry: object) -> Emotion | None:
    if not isinstance(entry, Mapping):
        return None
    return Emotion(0.0, 0.0, text(entry.get("label")), number(entry.get("probability")))


def _topic(entry: Mapping[str, Any]) -> Topic:
    return Topic(
        whole(entry.get("start_ms")),
        whole(entry.get("end_ms")),
        [phrase for phrase in map(text, entry.get("phrases") or []) if phrase],
        text(entry.get("category")),
        number(entry.get("confidence")),
    )


def _frame(entry: Mapping[str, Any]) -> FrameAnalysis:
    return FrameAnalysis(
        frame_uri=identifier(entry.get("frame_uri")) or identifier(entry.get("uri")),
        pts_ms=whole(entry.get("pts_ms")),
        shot=whole(entry.get("shot")),
        labels=[Label(text(label.get("name")), number(label.get("confidence"))) for label in entries(entry, "labels")],
        text=[line for line in entry.get("text") or [] if isinstance(line, str)],
        faces=[Face(0.0, 0.0, 0.0, 0.0, number(face.get("confidence"))) for face in entries(entry, "faces")],
        scene=text(entry.get("scene")),
        score=number(entry.get("score")),
        sharpness=number(entry.get("sharpness")),
        brightness=number(entry.get("brightness")),
        colourfulness=number(entry.get("colourfulness")),
        motion=number(entry.get("motion")),
        source=text(entry.get("source")),
        model=text(entry.get("model")),
        reason=text(entry.get("reason")) or None,
        description=text(entry.get("description")),
        novelty=None if entry.get("novelty") is None else number(entry.get("novelty")),
        still_ms=None if entry.get("still_ms") is None else whole(entry.get("still_ms")),
    )


__all__ = ["document_of", "entries", "identifier", "number", "percent", "text", "whole"]
