"""The audio extractor: from a media file to chunks of speech, emitted while the file is still being decoded."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from processors.domain import AudioChunk, ExtractionEnd
from processors.media.audio import SAMPLE_RATE, AudioTrack, open_audio
from processors.media.container import open_container, unsupported
from processors.options import Options
from processors.speech.chunking import Chunker, SpeechChunk
from processors.speech.transcribe import LARGE_MODEL, SURE
from processors.speech.vad import SpeechDetector
from processors.speech.whisper import Samples, recogniser
from processors.tools import Tools

_FULL_SCALE: Final = 32767.0


def extract_audio(source: Path, options: Options, tools: Tools) -> Iterator[AudioChunk | ExtractionEnd]:
    """Find the speech of a file and cut it into chunks of at most 29 s.

    Args:
        source: a local media file.
        options: `language` takes part in the choice of the sound track and is the hint; `profile` decides whether a
            hint must be found.
        tools: chunks go to `blobs`; `models` has the voice activity network.

    Yields:
        Chunks in time order, then one `ExtractionEnd`; with `item_count` 0 for a file without sound or speech.

    Raises:
        InvalidMedia: the file cannot be opened as media.
        StorageFull, Retryable: a chunk could not be stored.
    """
    with open_audio(source, options.language) as track:
        if track is None:
            with open_container(source) as container:
                warnings = unsupported(container, "audio")
            yield ExtractionEnd(item_count=0, emitted=0, duration_ms=None, warnings=warnings)
            return
        emitted = 0
        hint: tuple[str | None, float | None] | None = None
        for chunk in _chunks(track, tools):
            if hint is None:
                hint = _hint(chunk.samples, options, tools)
            emitted += 1
            uri = tools.blobs.put(to_wav(chunk.samples))
            yield AudioChunk(uri, chunk.start_ms, chunk.end_ms, chunk.speech, *hint)
        yield ExtractionEnd(
            item_count=emitted, emitted=emitted, duration_ms=track.end_ms, warnings=list(track.warnings)
        )


def to_wav(samples: Samples) -> bytes:
    """A 16 kHz mono 16-bit WAV file of samples in -1..1."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.rint(np.clip(samples, -1.0, 1.0) * _FULL_SCALE).astype("<i2").tobytes())
    return buffer.getvalue()


def _chunks(track: AudioTrack, tools: Tools) -> Iterator[SpeechChunk]:
    chunker = Chunker(SpeechDetector(tools.models.path("silero-vad")))
    for _start_ms, block in track.blocks():
        yield from chunker.feed(block)
    yield from chunker.finish()


def _hint(samples: Samples, options: Options, tools: Tools) -> tuple[str | None, float | None]:
    """Language of the first speech, where the choice of the model depends on it; nobody else needs it so early."""
    if options.language is not None:
        return options.language, 1.0
    if options.profile != "fast" or tools.asr_model is not None:
        return None, None
    model = recogniser(tools.models.path(LARGE_MODEL), tools.threads)
    language, probability = model.detect_language(samples)
    return (language, round(probability, 4)) if probability >= SURE else (None, None)
