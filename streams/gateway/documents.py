"""The OpenAPI document: what all routes have in common, and the errors they answer with."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from streams.gateway import tus
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


# They are read by hand, since the protocol has answers of its own where they are missing.
_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "Tus-Resumable": {"type": "string", "enum": [tus.VERSION]},
    "Upload-Length": {"type": "integer", "minimum": 1},
    "Upload-Offset": {"type": "integer", "minimum": 0},
    "Upload-Metadata": {"type": "string", "maxLength": 4_000, "pattern": tus.METADATA},
}
_PROBLEM: Final = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Responses for errors: these, and those that every route may answer with."""
    return {status: {"description": _WHAT[status], "content": _PROBLEM} for status in sorted({*_ALWAYS, *statuses})}


def told(description: str, example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """A response of 200 with a JSON object that has no model of its own."""
    return {
        200: {
            "description": description,
            "content": {"application/json": {"schema": {"type": "object"}, "example": example}},
        }
    }


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the model of errors, which belongs to no route alone."""
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = found.setdefault("components", {}).setdefault("schemas", {})
        for methods in found["paths"].values():
            for operation in methods.values():
                for parameter in operation.get("parameters", ()):
                    if (schema := _HEADERS.get(parameter["name"])) is not None:
                        parameter["schema"] = schema
                        parameter["required"] = parameter["name"] != "Upload-Metadata"
        schemas["ProblemAnswer"] = ProblemAnswer.model_json_schema()
        app.openapi_schema = found
    return app.openapi_schema


__all__ = ["document", "errors", "told"]
