"""What all routes document: the errors they answer with, as responses of the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from streams.gateway.models import ProblemAnswer
from streams.gateway.problems import MEDIA_TYPE

_WHAT: Final = {
    400: "The request is not well-formed.",
    401: "No API key, or one that is not known.",
    403: "The key lacks a scope, or a page of another origin asks.",
    404: "There is no such thing.",
    405: "Not with this method.",
    406: "Nothing of what is accepted can be given.",
    409: "It does not go with what is there.",
    410: "It was there, and is gone.",
    412: "A version of the protocol that is not spoken.",
    413: "The body is too large.",
    414: "The address is too long.",
    415: "The body is of another type.",
    416: "The range is behind the end.",
    421: "Another host was asked for.",
    422: "A value is not valid.",
    429: "Too many requests; Retry-After says when to try again.",
    431: "The headers are too long.",
    503: "Kafka or the store does not answer; Retry-After says when to try again.",
}
_ALWAYS: Final = (400, 401, 403, 405, 413, 414, 421, 422, 429, 431, 503)


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Responses for errors: these, and those that every route may answer with."""
    return {
        status: {"description": _WHAT[status], "model": ProblemAnswer, "content": {MEDIA_TYPE: {}}}
        for status in sorted({*_ALWAYS, *statuses})
    }


__all__ = ["errors"]
