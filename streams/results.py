"""A result as users get it: the record on `segments` merged with its document, as JSON; and its canonical form."""

from __future__ import annotations

from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from processors.blobs import BlobMissing, BlobStore
from processors.domain import Document
from processors.errors import ClipstreamError
from schemas.messages import Segments
from streams.codec import to_wire

# What depends on the run, the host or the time and not on the video: left out of the canonical form.
NOT_CANONICAL: Final = (
    "generation",
    "revision",
    "enriched",
    "changes",
    "until_ms",
    "run",
    "request_digest",
    "document_uri",
)
NOT_CANONICAL_OF_FRAMES: Final = ("tokens", "cost_usd", "shared")  # who paid, and when
_DOCUMENT: TypeAdapter[Document] = TypeAdapter(Document)


def document_of(result: Segments, blobs: BlobStore) -> Document:
    """The long part of a result; empty when there is none or it was collected."""
    try:
        return stored_document(result, blobs)
    except BlobMissing:
        return Document()


def stored_document(result: Segments, blobs: BlobStore) -> Document:
    """The long part of a result; empty when there is none.

    Raises:
        BlobMissing: there is one, and the store has it not.
        Retryable: the store failed.
    """
    if result.document_uri is None:
        return Document()
    return _DOCUMENT.validate_json(blobs.get(result.document_uri))


def to_json(result: Segments, blobs: BlobStore, *, locations: bool = True) -> dict[str, Any]:
    """The result as in the contract of the command line.

    Args:
        result: from the topic.
        blobs: where its document and pictures are.
        locations: give URLs that other programs can open instead of `blob:` URIs.
    """
    document = document_of(result, blobs)
    plain: dict[str, Any] = to_wire(result)
    del plain["second_look"]  # between the agents
    run = plain.pop("run")
    plain.update(
        transcript=to_wire(document.transcript),
        dropped=to_wire(document.dropped),
        shots=_shots(document),
        frames=to_wire(document.frames),
        curve=document.curve,
        speakers=to_wire(document.speakers),
        turns=to_wire(document.turns),
        sounds=to_wire(document.sounds),
        topics=to_wire(document.topics),
        scenes=to_wire(document.scenes),
        run=_run(run),
    )
    if locations:
        for segment in plain["segments"]:
            segment["keyframe_uri"] = _located(segment["keyframe_uri"], blobs)
        for frame in plain["frames"]:
            frame["frame_uri"] = _located(frame["frame_uri"], blobs)
        plain["document_uri"] = _located(plain["document_uri"], blobs)
    return plain


def canonical(result: Segments, blobs: BlobStore) -> bytes:
    """The canonical form: equal for every run over the same source, options and models. Sorted keys, no blanks."""
    plain = to_json(result, blobs, locations=False)
    for name in NOT_CANONICAL:
        plain.pop(name, None)
    for frame in plain["frames"]:
        for name in NOT_CANONICAL_OF_FRAMES:
            del frame[name]
    for segment in plain["segments"]:
        if segment["insight"] is None:  # as it was before there were any
            del segment["insight"]
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)


def failed_json(source: str, error: ClipstreamError) -> dict[str, Any]:
    """The result of a source that never reached the stream: not there, or not allowed. Its error says what to do.

    It has the keys of every result (`to_json`), so programs read both alike.
    """
    return {
        "video_id": None,
        "source": source,
        "generation": 0,
        "revision": 0,
        "enriched": False,
        "status": "failed",
        "error": f"{error.reason} {error.remedy}".rstrip(),
        "duration_ms": 0,
        "title": "",
        "languages": [],
        "confidence": 0.0,
        "segments": [],
        "missing": [],
        "request_digest": None,
        "document_uri": None,
        "suggestions": [],
        "changes": None,
        "until_ms": None,
        "transcript": [],
        "dropped": [],
        "shots": [],
        "frames": [],
        "scenes": [],
        "curve": [],
        "speakers": [],
        "turns": [],
        "sounds": [],
        "topics": [],
        "run": {
            "timings_ms": {},
            "wall_ms": 0,
            "cost_usd": 0.0,
            "costs_usd": {},
            "cache": {},
            "models": [],
            "started_at_ms": 0,
            "finished_at_ms": 0,
        },
    }


def _shots(document: Document) -> list[dict[str, Any]]:
    described = {scene.shot: scene.description for scene in document.scenes}
    return [
        {
            "start_ms": shot.start_ms,
            "end_ms": shot.end_ms,
            "transition": shot.transition,
            "description": described.get(shot.index, ""),
        }
        for shot in document.shots
    ]


def _run(run: dict[str, Any]) -> dict[str, Any]:
    stages = run["stages"]
    return {
        "timings_ms": {stage["stage"]: stage["took_ms"] for stage in stages},
        "wall_ms": run["finished_at_ms"] - run["started_at_ms"],
        "cost_usd": run["cost_usd"],
        "costs_usd": run["costs_usd"],
        "cache": {stage["stage"]: {"records": stage["records"], "hits": stage["cached"]} for stage in stages},
        "models": run["models"],
        "started_at_ms": run["started_at_ms"],
        "finished_at_ms": run["finished_at_ms"],
    }


def _located(uri: str | None, blobs: BlobStore) -> str | None:
    return None if uri is None else blobs.location(uri)
