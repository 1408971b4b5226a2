"""What requests and answers look like: the models of the OpenAPI document."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final

from annotated_types import Interval, MaxLen
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, StringConstraints, model_validator
from pydantic.config import JsonDict

from processors.options import Options
from schemas.messages import VIDEO_ID_PATTERN
from streams.replay import STAGES

MAX_URI: Final = 4_096
UPLOAD_PATTERN: Final = r"^[0-9a-f]{32}$"
_MAX_METADATA: Final = 64


def _printable(text: str) -> str:
    # a zero byte ends a text for C and is refused by databases; half a surrogate pair is no text
    if "\0" in text or any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise ValueError("it holds a character that no text has")
    return text


Text = Annotated[str, AfterValidator(_printable)]
Uri = Annotated[str, StringConstraints(min_length=1, max_length=MAX_URI), AfterValidator(_printable)]
VideoIdText = Annotated[str, StringConstraints(pattern=VIDEO_ID_PATTERN)]
Metadata = Annotated[
    dict[Annotated[Text, StringConstraints(max_length=64)], Annotated[Text, StringConstraints(max_length=4_000)]],
    MaxLen(_MAX_METADATA),
]
EXAMPLE_VIDEO: Final[JsonDict] = {
    "video_id": "3f2a9c0d11e4b7a6",
    "generation": 0,
    "status": "running",
    "title": "talk.mp4",
    "uri": "https://media.example.org/talk.mp4",
    "done": 0.41,
    "submitted_at_ms": 1_764_150_000_000,
    "updated_at_ms": 1_764_150_004_200,
}


class Submission(BaseModel):
    """A video to process: a source by its address, or a finished upload."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "oneOf": [{"required": ["uri"]}, {"required": ["upload"]}],
            "examples": [
                {"uri": "https://media.example.org/talk.mp4", "options": {"profile": "balanced", "max_segments": 5}},
                {"upload": "0f8fad5bd9cb469fa165708677289501", "metadata": {"title": "All hands"}, "priority": 5},
            ],
        },
    )

    uri: Uri | None = Field(None, description="http(s) address, or the absolute path of a file where that is allowed")
    upload: Annotated[str, StringConstraints(pattern=UPLOAD_PATTERN)] | None = Field(
        None, description="id of a finished upload"
    )
    video_id: VideoIdText | None = Field(None, description="your own id; else it follows from source and options")
    options: Options = Field(default_factory=Options, description="what is wanted; unknown ones are refused")
    priority: Annotated[int, Strict(), Interval(ge=-1_000, le=1_000)] = Field(
        0, description="higher ones are taken first"
    )
    metadata: Metadata = Field(default_factory=dict, description="title, description, tags: passed through")
    callback_url: Uri | None = Field(None, description="gets the last result by POST, signed; see docs/gateway.md")

    @model_validator(mode="after")
    def _one_source(self) -> Submission:
        if (self.uri is None) == (self.upload is None):
            raise ValueError("name either 'uri' or 'upload'")
        return self


class VideoSummary(BaseModel):
    """A video in a list."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_VIDEO]})

    video_id: str
    generation: int
    status: str = Field(description="queued, running, provisional, final, degraded, failed or cancelled")
    title: str
    uri: str | None = Field(description="the source, without passwords and query; null when it is known no more")
    done: float = Field(ge=0.0, le=1.0, description="share of the work that is done")
    submitted_at_ms: int
    updated_at_ms: int
    duration_ms: int | None = None
    error: str | None = None
    segments: int = Field(0, description="in the newest result")
    priority: int = 0
    batch_id: str | None = None


class VideoAnswer(VideoSummary):
    """A video with the progress of its stages and its newest result."""

    summary: str = Field(description="what is going on, in a line")
    stages: dict[str, Any] = Field(description="done, total, fraction, position_ms, failed of each stage")
    options: dict[str, Any] | None = None
    result: dict[str, Any] | None = Field(
        None,
        description="the newest result without transcript and frames; null as long as there is none, or held no more",
    )
    links: dict[str, str]
    event_id: str = Field(description="events behind this answer: /v1/videos/{video_id}/events with Last-Event-ID")


class VideoList(BaseModel):
    """A page of videos."""

    videos: list[VideoSummary]
    next: str | None = Field(description="cursor of the next page; null on the last one")
    total: int = Field(description="videos that match, on all pages")
    event_id: str = Field(description="events behind this answer: /v1/events with Last-Event-ID")


class SegmentsAnswer(BaseModel):
    """The ranked segments of the newest result."""

    video_id: str
    generation: int
    revision: int
    enriched: bool
    status: str
    until_ms: int | None = Field(description="provisional: how far the result knows the video")
    changes: dict[str, Any] | None
    missing: list[str]
    suggestions: list[str]
    segments: list[dict[str, Any]]


Stage = StrEnum("Stage", {name: name for name in STAGES})  # type: ignore[misc]  # names that are computed


class ReplayRequest(BaseModel):
    """From where a video is computed anew."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"from": "segmenter", "fresh": True}]})

    stage: Stage | None = Field(
        None, alias="from", description="first stage to compute anew with `fresh`; all when empty"
    )
    fresh: Annotated[bool, Strict()] = Field(False, description="do not ask the result cache from there on")


class Accepted(BaseModel):
    """An order about a video that was taken."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"video_id": "3f2a9c0d11e4b7a6", "generation": 1, "status": "queued"}]}
    )

    video_id: str
    generation: int
    status: str


class ProblemAnswer(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:clipstream:problem:no-video",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "Nothing is known of video '3f2a9c0d11e4b7a6'.",
                    "remedy": "GET /v1/videos lists those that are.",
                    "request_id": "5d3c0f6a3e9c4a0c8e2a2b6f0b1d7c55",
                }
            ]
        },
    )

    type: str
    title: str
    status: int
    detail: str
    remedy: str
    request_id: str | None = None


__all__ = [
    "EXAMPLE_VIDEO",
    "MAX_URI",
    "UPLOAD_PATTERN",
    "Accepted",
    "Metadata",
    "ProblemAnswer",
    "ReplayRequest",
    "SegmentsAnswer",
    "Submission",
    "Text",
    "Uri",
    "VideoAnswer",
    "VideoIdText",
    "VideoList",
    "VideoSummary",
]
