"""The jobs that a pool child knows: from a JSON request to a stream of domain objects. Imports happen on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from processors.domain import AudioChunk, ChunkTranscript, FrameBatch, Segment
from processors.options import Options
from processors.priority import give_way
from processors.tools import Tools

T = TypeVar("T")
Job = Callable[[dict[str, Any], Tools], Iterator[Any]]


def extract_audio(request: dict[str, Any], tools: Tools) -> Iterator[Any]:
    """`path`, `options` -> AudioChunk..., ExtractionEnd."""
    from processors.speech.extract import extract_audio as run

    yield from _media(Path(request["path"]), run(Path(request["path"]), _options(request), tools))


def extract_frames(request: dict[str, Any], tools: Tools) -> Iterator[Any]:
    """`path`, `options` -> FrameBatch..., ExtractionEnd."""
    from processors.vision.extract import extract_frames as run

    yield from _media(Path(request["path"]), run(Path(request["path"]), _options(request), tools))


def probe(request: dict[str, Any], tools: Tools) -> Iterator[Any]:
    """`path`, `options`, `digest` -> VideoFacts."""
    from processors.media.probe import probe as run

    yield run(Path(request["path"]), _options(request), request["digest"], tools.limits)


def transcribe(request: dict[str, Any], tools: Tools) -> Iterator[Any]:
    """`item`, `options` -> ChunkTranscript."""
    from processors.speech.transcribe import transcribe_chunk

    chunk = _read(AudioChunk, request["item"])
    give_way(chunk.start_ms)
    yield transcribe_chunk(chunk, _options(request), tools)


def analyse(request: dict[str, Any], tools: Tools) -> Iterator[Any]:
    """`item`, `options` -> BatchAnalysis."""
    from processors.vision.analyse import analyse_batch

    batch = _read(FrameBatch, request["item"])
    give_way(batch.start_ms)
    yield analyse_batch(batch, _options(request), tools)


def understand(request: dict[str, Any], tools: Tools) -> Iterator[Any]:
    """`item` -> ChunkContent."""
    from processors.content.understanding import understand_chunk

    chunk = _read(ChunkTranscript, request["item"])
    give_way(chunk.start_ms)
    yield understand_chunk(chunk, tools)


def rank(request: dict[str, Any], tools: Tools) -> Iterator[Any]:
    """`parts_uri`, `until_ms` -> Ranked."""
    from processors.segments.job import rank_parts

    yield rank_parts(request["parts_uri"], request["until_ms"], tools)


def look_again(request: dict[str, Any], tools: Tools) -> Iterator[Any]:
    """`segments`, `document_uri`, `languages`, `options` -> Looked."""
    from processors.enrichment.second_look import look_again as run

    segments = _read(list[Segment], request["segments"])
    yield run(segments, request["document_uri"], request["languages"], _options(request), tools)


def write_copy(request: dict[str, Any], tools: Tools) -> Iterator[Any]:
    """`segments`, `document_uri`, `languages`, `options` -> Written."""
    from processors.enrichment.copywriting import write_copy as run

    segments = _read(list[Segment], request["segments"])
    yield run(segments, request["document_uri"], request["languages"], _options(request), tools)


def warm(request: dict[str, Any], tools: Tools) -> Iterator[Any]:
    """`stage` -> nothing; imports and loads what the stage's first item would otherwise wait for."""
    from processors.warm import warm as run

    run(request["stage"], tools)
    yield from ()


JOBS: Final[dict[str, Job]] = {
    "extract-audio": extract_audio,
    "extract-frames": extract_frames,
    "probe": probe,
    "transcribe": transcribe,
    "analyse": analyse,
    "understand": understand,
    "rank": rank,
    "look-again": look_again,
    "write-copy": write_copy,
    "warm": warm,
}


def _media(path: Path, outputs: Iterator[T]) -> Iterator[T]:
    """Pass outputs on, and raise `InvalidMedia` when the file was changed in the meantime."""
    from processors.media.source import check_unchanged, fingerprint

    before = fingerprint(path)
    for output in outputs:
        check_unchanged(path, before)
        yield output
        if isinstance(output, AudioChunk | FrameBatch):
            give_way(output.end_ms)


def _options(request: dict[str, Any]) -> Options:
    return Options.model_validate(request["options"], strict=False)


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _read(kind: type[T], value: Any) -> T:
    read: T = _adapter(kind).validate_python(value)  # type: ignore[arg-type]
    return read
