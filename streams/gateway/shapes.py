"""From what the gateway knows to what it answers."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final

from schemas.messages import Segments
from streams import results
from streams.codec import to_wire
from streams.gateway.videos import Video

_BLOB: Final = re.compile(r"blob:([0-9a-f]{64})")


def summary(video: Video) -> dict[str, Any]:
    """A video in a list."""
    told, request = video.status_told or {}, video.request
    current = told if video.order[0] == video.generation else {}
    return {
        "video_id": video.video_id,
        "generation": video.generation,
        "status": video.status,
        "title": video.title(),
        "uri": video.uri(),
        "done": video.done(),
        "submitted_at_ms": video.submitted_at_ms,
        "updated_at_ms": video.updated_at_ms,
        "duration_ms": told.get("duration_ms") or video.progress.duration_ms or None,
        "error": current.get("error"),
        "segments": told.get("segments", 0),
        "priority": request.priority if request is not None else 0,
        "batch_id": request.batch_id if request is not None else None,
    }


def result_told(result: Segments) -> dict[str, Any]:
    """A result without its document: as on the topic, with addresses of the gateway."""
    plain: dict[str, Any] = to_wire(result)
    del plain["second_look"]  # between the agents
    return dict(located(plain))


def full_result(result: Segments, blobs: Any) -> dict[str, Any]:
    """A result merged with its document, as `clipstream results --json` has it. Reads the store."""
    return dict(located(results.to_json(result, blobs, locations=False)))


def located(value: Any) -> Any:
    """A JSON value in which each `blob:` URI is the address of the blob at the gateway."""
    if isinstance(value, dict):
        return {key: located(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [located(inner) for inner in value]
    if isinstance(value, str) and (found := _BLOB.fullmatch(value)):
        return f"/v1/blobs/{found[1]}"
    return value


def links(video_id: str) -> dict[str, str]:
    """What else there is of a video."""
    base = f"/v1/videos/{video_id}"
    parts = ("segments", "transcript", "frames", "result", "report", "media", "events")
    return {"self": base, **{part: f"{base}/{part}" for part in parts}}


def utc(at_ms: int) -> str:
    """A time as in RFC 3339."""
    return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


__all__ = ["full_result", "links", "located", "result_told", "summary", "utc"]
