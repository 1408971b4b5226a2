"""The audio extractor: from a media file to chunks of speech, given out while the file is still being decoded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from processors.domain import AudioChunk, ExtractionEnd
from processors.media.audio import SAMPLE_RATE, AudioTrack, Samples, open_audio
from processors.media.container import open_container, unsupported
from processors.options import Options
from processors.speech.choice import TIERS, needs_hint
from processors.speech.chunking import Chunker, SpeechChunk
from processors.speech.sounds import SoundFinder
from processors.speech.tongues import SURE
from processors.speech.transcribe import device_of
from processors.speech.vad import SpeechDetector
from processors.speech.wav import to_wav, within_scale
from processors.speech.whisper import recogniser
from processors.tools import Tools

# Chunks that are asked for their language until one is sure; more would only slow down music and noise.
_HINT_TRIES: Final = 3
# Sound and silence behind it from which the language is told: no text is written, so little of both will do. base on 37
# clips in three languages: right and sure in all of them with 4 s and 1 s (45 ms each) as with all and 6 s (213 ms).
_HINT_SAMPLES: Final = 5 * SAMPLE_RATE
_HINT_MARGIN_FRAMES: Final = 100


def extract_audio(source: Path, options: Options, tools: Tools) -> Iterator[AudioChunk | ExtractionEnd]:
    """Find the speech of a file and cut it into chunks of at most 29 s.

    Args:
        source: a local media file.
        options: `language` takes part in the choice of the sound track and is the hint; `profile` decides whether a
            hint must be found.
        tools: chunks go to `blobs` (16 kHz mono 16-bit WAV); `models` has the voice activity network.

    Yields:
        Chunks in time order, each as soon as it ends, then one `ExtractionEnd`, with `item_count` 0 for a file
        without sound or without speech, warnings about what was wrong with the sound, and what is between the chunks.

    Raises:
        InvalidMedia: the file cannot be opened as media.
        StorageFull, Retryable: a chunk could not be stored.
        ModelUnavailable: no weights.
    """
    with open_audio(source, options.language, tools.limits) as track:
        if track is None:
            with open_container(source, tools.limits) as container:
                warnings = unsupported(container, "audio")
            yield ExtractionEnd(item_count=0, emitted=0, duration_ms=None, warnings=warnings)
            return
        hints = _Hints(options, tools)
        sounds = SoundFinder()
        emitted = 0
        for chunk in _chunks(track, tools, sounds):
            language, probability = hints.of(chunk.samples)
            uri = tools.blobs.put(to_wav(within_scale(chunk.samples)))
            yield AudioChunk(uri, chunk.start_ms, chunk.end_ms, chunk.speech, language, probability)
            emitted += 1
        yield ExtractionEnd(emitted, emitted, track.end_ms, list(track.warnings), sounds.finish())


def _chunks(track: AudioTrack, tools: Tools, sounds: SoundFinder) -> Iterator[SpeechChunk]:
    chunker = Chunker(SpeechDetector(tools.models.path("silero-vad")), sounds.feed, tools.chunk_ms)
    for _start_ms, block in track.blocks():
        yield from chunker.feed(block)
    yield from chunker.finish()


class _Hints:
    """The language of the file's first speech, where the choice of the model depends on it: of an English one.

    Elsewhere each chunk tells its language by itself, for 2 % of the time of its recognition.
    """

    def __init__(self, options: Options, tools: Tools) -> None:
        self._tools = tools
        self._hint: tuple[str | None, float | None] = (None, None)
        self._tries = 0
        if options.language is not None:
            self._hint = (options.language, 1.0)
        elif any(needs_hint(tools.recognition.tier(options.profile, device), tools.asr_model) for device in TIERS):
            self._device = device_of(tools)  # imports the recogniser, which most videos do without here
            self._tier = tools.recognition.tier(options.profile, self._device)
            self._tries = _HINT_TRIES if needs_hint(self._tier, tools.asr_model) else 0

    def of(self, samples: Samples) -> tuple[str | None, float | None]:
        """(language, probability) for a chunk; (None, None) as long as it is not sure."""
        if self._tries > 0:
            self._tries -= 1
            name = self._tier.large
            model = recogniser(name, self._tools.models.path(name), self._tools.threads, self._device)
            encoded = model.encode(samples[:_HINT_SAMPLES], _HINT_MARGIN_FRAMES)
            language, probability = next(iter(model.detect_language(encoded).items()))
            if probability >= SURE:
                self._hint, self._tries = (language, round(min(1.0, probability), 4)), 0
        return self._hint


__all__ = ["extract_audio"]
