"""Who a video is: one function for every reader of the ingest topic, so that three agents agree without talking."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

import orjson

from processors.errors import InvalidMessage
from processors.options import Options
from processors.parameters import Steering
from processors.versions import ALGORITHM_VERSIONS
from schemas.messages import MAX_GENERATION, VIDEO_ID_PATTERN, VideoIngested

_ID_DIGITS: Final = 16  # 64 bits: a chance of 1 in 10^7 of any collision among a million videos
_VIDEO_ID: Final = re.compile(VIDEO_ID_PATTERN)


@dataclass(frozen=True, slots=True)
class Request:
    """A valid ingest message with its identity."""

    video_id: str
    generation: int
    uri: str
    source_digest: str | None
    options: Options
    fresh_from: str | None  # stage from which the result cache is skipped


def request_of(message: VideoIngested) -> Request:
    """Derive identity from an ingest message.

    Raises:
        InvalidMessage: a video_id with forbidden characters, or a generation out of range.
    """
    if not 0 <= message.generation <= MAX_GENERATION:
        raise InvalidMessage(f"'generation' must be 0 to {MAX_GENERATION:,}, got {message.generation}.")
    fresh_from = (message.replay_from or "all") if message.fresh else None
    identity = message.video_id or video_id_of(message.source_digest or message.uri, message.options)
    if not _VIDEO_ID.fullmatch(identity):
        raise InvalidMessage(
            f"'{identity[:60]}' is no valid video_id: letters, digits, '.', '_' and '-', at most 128, no sign first."
        )
    return Request(
        identity, message.generation, message.uri.strip(), message.source_digest, message.options, fresh_from
    )


def video_id_of(source: str, options: Options) -> str:
    """The id of a video that was given none: 16 hex digits over its source and options.

    Args:
        source: SHA-256 of the file, or the URI where that is not known.
        options: as requested; other options make another video_id.
    """
    return _digest({"source": source, "options": options.model_dump(mode="json")})[:_ID_DIGITS]


def request_digest(source_digest: str, options: Options, steering: Steering) -> str:
    """What decides the result: source, options, model choice and the versions of all algorithms. Hex, 64 digits."""
    return _digest(
        {
            "source": source_digest,
            "options": options.model_dump(mode="json"),
            **steering.decisive(),
            "versions": ALGORITHM_VERSIONS,
        }
    )


def cache_key(stage: str, parameters: dict[str, Any], inputs: str) -> str:
    """Key of a result cache entry: everything that the stage's output depends on. Hex, 64 digits.

    Args:
        stage: name of the stage; its algorithm version is added here.
        parameters: what steers the computation, models included.
        inputs: hash of the input's content.
    """
    return _digest({"stage": stage, "version": ALGORITHM_VERSIONS[stage], "parameters": parameters, "inputs": inputs})


def _digest(value: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
