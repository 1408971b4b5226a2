"""Data of one's own for `clipstream bench segments`: NAME.highlights.json beside a transcript or a medium."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final, TypeVar

import orjson
from annotated_types import Interval
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from ops.bench.segments_item import Item, spans_of
from processors.blobs import BlobStore
from processors.domain import (
    AudioChunk,
    ChunkTranscript,
    Emotion,
    FrameBatch,
    Marker,
    Span,
    Utterance,
    VoiceFeatures,
    Word,
)
from processors.errors import InvalidMessage
from processors.models.store import ModelStore
from processors.options import Options
from processors.segments.parts import Parts
from processors.tools import Tools

_MEDIA: Final = frozenset({".mp4", ".mkv", ".webm", ".mov", ".wav", ".flac", ".mp3", ".ogg", ".m4a"})
_HIGHLIGHTS: Final = ".highlights.json"
_TRANSCRIPT: Final = ".transcript.json"
_PASSAGES: Final = ".passages.json"
_REMEDY: Final = "docs/quality.md has the fields (Data of one's own)."
Form = TypeVar("Form")
Milliseconds = Annotated[int, Interval(ge=0)]


@dataclass(frozen=True, slots=True)
class Source:
    """An item that may still have to be recognised: `read` takes about a third of a medium's length."""

    name: str
    read: Callable[[], Item]


class _Timed(BaseModel):
    model_config = ConfigDict(frozen=True)

    start_ms: Milliseconds
    end_ms: Milliseconds

    @model_validator(mode="after")
    def _ordered(self) -> _Timed:
        if self.end_ms < self.start_ms:
            raise ValueError("end_ms must not be below start_ms")
        return self


class _Span(_Timed):
    @model_validator(mode="after")
    def _not_empty(self) -> _Span:
        if self.end_ms == self.start_ms:
            raise ValueError("end_ms must be above start_ms")
        return self


class _Passage(_Timed):
    passage: str


class _Word(_Timed):  # recognisers write words without length
    text: str
    probability: float = 1.0


class _Utterance(_Timed):
    text: str
    language: str = "en"
    words: list[_Word] = Field(default_factory=list)
    loudness_db: float | None = None
    speaker: str | None = None
    # what results have, and people who write a transcript leave out
    avg_logprob: float = 0.0
    no_speech_probability: float = 0.0
    voice: VoiceFeatures | None = None
    emotion: Emotion | None = None
    markers: list[Marker] = Field(default_factory=list)

    def spoken(self) -> Utterance:
        """As the pipeline has it; who speaks is told, as there are no voices by which the segmenter could find out."""
        words = [Word(word.start_ms, word.end_ms, word.text, word.probability) for word in self.words]
        return Utterance(
            self.start_ms,
            self.end_ms,
            self.text,
            self.language,
            words,
            self.avg_logprob,
            self.no_speech_probability,
            self.loudness_db,
            self.voice,
            self.emotion,
            self.markers,
            self.speaker,
        )


class _Transcript(BaseModel):
    transcript: list[_Utterance]
    duration_ms: Milliseconds | None = None


def sources_of(data: Path, models: ModelStore, asr_model: str | None, threads: int) -> list[Source]:
    """Everything with highlights in a folder and those below it, in order of name; read and checked apart from media.

    Raises:
        InvalidMessage: highlights or a transcript that cannot be read, or highlights with nothing beside them.
    """
    return [_source(path, models, asr_model, threads) for path in sorted(data.rglob(f"*{_HIGHLIGHTS}"))]


def passages_of(data: Path, name: str) -> list[tuple[int, int, str]]:
    """Start, end (ms) and name of the passages that a constructed item was made of, in time order; none of another."""
    found = []
    for path in sorted(data.rglob(f"{name}{_PASSAGES}")):
        found += [(one.start_ms, one.end_ms, one.passage) for one in _read(path, TypeAdapter(list[_Passage]))]
    return sorted(found)


def highlights_of(medium: Path) -> list[Span]:
    """The spans that are marked beside a medium, in time order; none where nobody marked any.

    Raises:
        InvalidMessage: they cannot be read.
    """
    path = medium.with_name(f"{medium.stem}{_HIGHLIGHTS}")
    if not path.exists():
        return []
    return sorted(
        (Span(span.start_ms, span.end_ms) for span in _read(path, TypeAdapter(list[_Span]))),
        key=lambda span: (span.start_ms, span.end_ms),
    )


def _source(path: Path, models: ModelStore, asr_model: str | None, threads: int) -> Source:
    name = path.name.removesuffix(_HIGHLIGHTS)
    marked = [(span.start_ms, span.end_ms) for span in _read(path, TypeAdapter(list[_Span]))]
    if not marked:
        raise InvalidMessage(f"{path} marks nothing.", f"Mark at least one span, or take it away. {_REMEDY}")
    transcript = path.with_name(f"{name}{_TRANSCRIPT}")
    if transcript.exists():
        item = _of_transcript(name, transcript, path, marked)
        return Source(name, lambda: item)
    beside = sorted(other for other in path.parent.glob("*") if other.stem == name and other.suffix in _MEDIA)
    if not beside:
        raise InvalidMessage(
            f"Beside {path} there is neither {transcript.name} nor a medium {name}.mp4 (or mkv, webm, mov, wav, ...).",
            f"Put one there, or take the highlights away. {_REMEDY}",
        )
    return Source(name, lambda: _of_medium(name, beside[0], path, marked, models, asr_model, threads))


def _of_transcript(name: str, transcript: Path, highlights: Path, marked: list[tuple[int, int]]) -> Item:
    read = _read(transcript, TypeAdapter(_Transcript))
    spoken = sorted(read.transcript, key=lambda one: (one.start_ms, one.end_ms))
    if not spoken or spoken[-1].end_ms == 0:
        raise InvalidMessage(f"Nothing is said in {transcript}.", f"Add its utterances. {_REMEDY}")
    utterances = [one.spoken() for one in spoken]
    duration_ms = max(read.duration_ms or 0, *(one.end_ms for one in spoken))
    speech_ms = sum(one.end_ms - one.start_ms for one in spoken)
    chunk = ChunkTranscript(0, duration_ms, speech_ms, spoken[0].language, 1.0, utterances, [], "people")
    turns = [
        at
        for at, one in enumerate(spoken)
        if one.speaker is not None and (at == 0 or spoken[at - 1].speaker != one.speaker)
    ]
    parts = Parts(name, transcripts=[chunk], audio_duration_ms=duration_ms)
    return _item(Item(name, parts, [], frozenset(turns), timed=True), highlights, marked)


def _of_medium(
    name: str,
    path: Path,
    highlights: Path,
    marked: list[tuple[int, int]],
    models: ModelStore,
    asr_model: str | None,
    threads: int,
) -> Item:
    """A medium through the stages of the pipeline with default options, as plain function calls."""
    from processors.speech.extract import extract_audio
    from processors.speech.transcribe import transcribe_chunk
    from processors.vision.analyse import analyse_batch
    from processors.vision.extract import extract_frames

    options = Options()
    with TemporaryDirectory() as folder:
        tools = Tools(BlobStore(str(Path(folder) / "blobs")), models, threads, asr_model, Path(folder))
        parts, length_ms = Parts(name), 0
        for output in extract_audio(path, options, tools):
            if isinstance(output, AudioChunk):
                parts.transcripts.append(transcribe_chunk(output, options, tools))
            else:
                parts.sounds.extend(output.sounds)
                length_ms = max(length_ms, output.duration_ms or 0)
        for seen in extract_frames(path, options, tools):
            if isinstance(seen, FrameBatch):
                parts.batches.append(analyse_batch(seen, options, tools))
            else:
                length_ms = max(length_ms, seen.duration_ms or 0)
    if length_ms == 0:
        raise InvalidMessage(f"{path} has neither sound nor picture that can be decoded.", "Take it out of the folder.")
    parts = replace(parts, audio_duration_ms=length_ms)
    return _item(Item(name, parts, [], frozenset(), timed=True), highlights, marked)


def _item(item: Item, highlights: Path, marked: list[tuple[int, int]]) -> Item:
    spans = spans_of(marked, item.duration_ms)
    if behind := [start_ms for start_ms, _ in marked if start_ms >= item.duration_ms]:
        raise InvalidMessage(
            f"{highlights} marks a span from {min(behind)} ms, but {item.name} ends at {item.duration_ms} ms.",
            "Mend the times, which are in milliseconds, or give the transcript its duration_ms.",
        )
    return replace(item, spans=spans)


def _read(path: Path, form: TypeAdapter[Form]) -> Form:
    try:
        return form.validate_python(orjson.loads(path.read_bytes()))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "its form"
        raise InvalidMessage(f"{path} cannot be read: {where}: {first['msg']}.", f"Mend it. {_REMEDY}") from error
    except ValueError as error:
        raise InvalidMessage(f"{path} is no JSON: {error}.", f"Mend it. {_REMEDY}") from error


__all__ = ["Source", "highlights_of", "passages_of", "sources_of"]
