"""`Parts`: everything that was gathered about one video, as one value that travels as one blob.

The joiner collects part rows in the order in which they arrive. `Parts` forgets that order: `canonical` sorts and
drops repeats, `to_json` writes the canonical form with sorted keys, so the same parts give the same bytes and the
same blob URI on every run.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final, TypeVar, cast

import orjson
from pydantic import TypeAdapter, ValidationError

from processors.domain import BatchAnalysis, ChunkContent, ChunkTranscript, Sound, VideoFacts
from processors.errors import InvalidMessage
from processors.options import Options

Part = TypeVar("Part", ChunkTranscript, BatchAnalysis, ChunkContent)

# sorted keys make the bytes independent of the order in which preferences were written; numbers of NumPy, which slip
# out of processors now and then, are written like Python's own
_JSON_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True, slots=True)
class Parts:
    """What the segmenter works on.

    Args:
        video_id: the video.
        options: the accepted request options.
        facts: what the container says; None when metadata failed or has not arrived.
        transcripts: one per audio chunk, any order.
        batches: one per frame batch, any order.
        audio_duration_ms: length of the decoded sound track, None when there is none or it is not known yet.
        sounds: between the chunks of speech, in time order; empty when not known yet.
        contents: one per audio chunk, any order; what is not there the segmenter finds out by itself, with equal
            outcome, so nothing of a result depends on it.
    """

    video_id: str
    options: Options = field(default_factory=lambda: Options.model_validate({}))
    facts: VideoFacts | None = None
    transcripts: list[ChunkTranscript] = field(default_factory=list)
    batches: list[BatchAnalysis] = field(default_factory=list)
    audio_duration_ms: int | None = None
    sounds: list[Sound] = field(default_factory=list)
    contents: list[ChunkContent] = field(default_factory=list)

    def canonical(self) -> Parts:
        """The same parts sorted by time, each once."""
        return replace(
            self,
            transcripts=_sorted_once(self.transcripts, [(part.start_ms, part.end_ms) for part in self.transcripts]),
            batches=_sorted_once(self.batches, [_batch_time(part) for part in self.batches]),
            contents=_sorted_once(self.contents, [(part.start_ms, part.end_ms) for part in self.contents]),
        )

    def to_json(self) -> bytes:
        """The canonical form as JSON with sorted keys: equal parts give equal bytes."""
        return dump_json(self.canonical())

    @classmethod
    def from_json(cls, content: bytes) -> Parts:
        """Read parts back.

        Raises:
            InvalidMessage: `content` is not JSON, or not the JSON of parts.
        """
        return load_json(cls, content)


def dump_json(value: object) -> bytes:
    """Dataclasses and pydantic models as JSON with sorted keys. Numbers that JSON lacks (NaN) become null."""
    return orjson.dumps(value, default=_plain, option=_JSON_OPTIONS)


Loaded = TypeVar("Loaded")


def load_json(kind: type[Loaded], content: bytes) -> Loaded:
    """JSON back to a dataclass of `processors.domain` or of this package.

    Raises:
        InvalidMessage: not JSON, or not of this kind; the reason names the first field that is wrong.
    """
    try:
        loaded: Loaded = _adapter(cast(Any, kind)).validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or kind.__name__
        raise InvalidMessage(f"The stored {kind.__name__} cannot be read: {where}: {first['msg']}.") from error
    return loaded


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _plain(value: object) -> object:
    if isinstance(value, Options):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _batch_time(batch: BatchAnalysis) -> tuple[int, int]:
    times = [frame.pts_ms for frame in batch.frames] + [shot.start_ms for shot in batch.shots]
    return (min(times), max(times)) if times else (0, 0)


def _sorted_once(parts: list[Part], times: list[tuple[int, int]]) -> list[Part]:
    # the content itself breaks ties between parts of the same time, so the order of arrival never shows
    contents = map(dump_json, parts)
    keyed = sorted(zip(times, contents, range(len(parts)), strict=True))
    kept: list[Part] = []
    previous: bytes | None = None
    for _, content, position in keyed:
        if content != previous:
            kept.append(parts[position])
        previous = content
    return kept


__all__ = ["Parts", "dump_json", "load_json"]
