"""Errors as RFC 9457 `application/problem+json`: what is wrong, and what to do about it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import orjson

from processors.errors import ClipstreamError, Fatal, InvalidMessage, Retryable

MEDIA_TYPE: Final = "application/problem+json"
_KIND: Final = "urn:clipstream:problem:"
_RETRY_S: Final = 2


class Problem(Exception):
    """An answer that is an error.

    Args:
        status: of HTTP.
        detail: what is wrong, for people.
        remedy: what to do about it.
        kind: name of the kind of problem; of the status when empty.
        headers: more headers of the answer.
        extra: more members of the document.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        remedy: str = "",
        *,
        kind: str = "",
        headers: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.remedy = remedy
        self.kind = kind or HTTPStatus(status).phrase.lower().replace(" ", "-")
        self.headers = headers or {}
        self.extra = extra or {}

    def document(self, request_id: str = "") -> dict[str, Any]:
        """The members of the answer."""
        return {
            "type": _KIND + self.kind,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "remedy": self.remedy,
            **({"request_id": request_id} if request_id else {}),
            **self.extra,
        }

    def body(self, request_id: str = "") -> bytes:
        """The bytes of the answer."""
        return orjson.dumps(self.document(request_id), default=str)


def problem_of(error: ClipstreamError) -> Problem:
    """An error of clipstream as an answer."""
    if isinstance(error, InvalidMessage):
        return Problem(422, error.reason, error.remedy, kind="invalid-request")
    if isinstance(error, Retryable | Fatal):
        headers = {"Retry-After": str(_RETRY_S)}
        return Problem(503, error.reason, error.remedy or "Try again in a moment.", headers=headers)
    return Problem(404, error.reason, error.remedy)


def not_found(what: str, remedy: str = "") -> Problem:
    """Something is not there."""
    return Problem(404, what, remedy)


def unknown_video(video_id: str) -> Problem:
    """Nobody submitted that video, or it is long ago."""
    return Problem(
        404, f"Nothing is known of video '{video_id[:128]}'.", "GET /v1/videos lists those that are.", kind="no-video"
    )


__all__ = ["MEDIA_TYPE", "Problem", "not_found", "problem_of", "unknown_video"]
