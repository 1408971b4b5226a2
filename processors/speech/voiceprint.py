"""Voice prints: whose voice a short piece of speech sounds like, by CAM++ (Wang et al., Interspeech 2023).

The weights are those of 3D-Speaker (Apache-2.0, English and Chinese, 200,000 speakers); `ops/models` says how the file
was made. Prints of one speaker have a cosine of about 0.6, of two speakers about 0.0 (windows of 1.5 s of LibriSpeech).

Windows lie within one span of speech, counted from its start, since speakers change in pauses, and each is normalised
by itself: a print depends on its span alone, not on the chunk around it. So a file that is worked on in parallel chunks
has the prints of the whole file, but for spans that a chunk's end parts.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from processors.domain import AudioChunk, Span, VoicePrint
from processors.speech.fbank import FRAME_SAMPLES, STEP_MS, STEP_SAMPLES, fbank
from processors.speech.vad import SAMPLE_RATE, Samples
from processors.tools import Tools

Vectors = NDArray[np.float32]

VOICE_MODEL: Final = "campplus"
WINDOW_MS: Final = 1_500
HOP_MS: Final = 750
# What is left of a span behind its last window gets one of its own, that ends with the span, from this length on; a
# shorter rest counts to the last window.
_REST_MS: Final = 200
SIZE: Final = 192
_FRAMES: Final = WINDOW_MS // STEP_MS
_SAMPLES_PER_MS: Final = SAMPLE_RATE // 1000
_BATCH: Final = 2  # as quick as larger ones, in less memory
_TOP: Final = 127
_DECODED: Final = np.dtype(np.int8)


class VoiceEncoder:
    """The network.

    Args:
        model_path: `campplus_zh_en.onnx`.
        threads: of the processor, >= 1.
    """

    def __init__(self, model_path: Path, threads: int) -> None:
        import onnxruntime

        options: Any = onnxruntime.SessionOptions()
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = threads
        options.enable_cpu_mem_arena = False  # it keeps 40 MB; batches of 2 are as quick without it, of 8 11 % slower
        self._session = onnxruntime.InferenceSession(str(model_path), options, providers=["CPUExecutionProvider"])

    def encode(self, features: Vectors) -> Vectors:
        """Vectors of length 1, shape (n, 192), of features of shape (n, frames, 80) with at most 200 frames."""
        found = [
            self._session.run(None, {"features": features[first : first + _BATCH]})[0]
            for first in range(0, len(features), _BATCH)
        ]
        return normalised(np.concatenate(found)) if found else np.zeros((0, SIZE), dtype=np.float32)


@lru_cache(maxsize=1)
def voice_encoder(model_path: Path, threads: int) -> VoiceEncoder:
    """The network, loaded once per process."""
    return VoiceEncoder(model_path, threads)


def prints_of(chunk: AudioChunk, samples: Samples, tools: Tools) -> list[VoicePrint]:
    """Prints of a chunk whose sound was read already; see `voice_prints`.

    Raises:
        ModelUnavailable: no weights.
    """
    encoder = voice_encoder(tools.models.path(VOICE_MODEL), tools.threads)
    return voice_prints(samples, chunk.start_ms, chunk.speech, encoder)


def voice_prints(samples: Samples, start_ms: int, speech: Sequence[Span], encoder: VoiceEncoder) -> list[VoicePrint]:
    """Prints of a chunk.

    Args:
        samples: mono, 16 kHz, float32 in -1..1, shape (n,).
        start_ms: of the first sample.
        speech: spans of speech in it, absolute times, in order.
        encoder: the network.

    Returns:
        Prints in time order; each lies within one span, and those of a span cover it. A span shorter than a window is
        repeated until it fills one; the shorter, the less its print says.
    """
    places: list[tuple[int, int]] = []
    features: list[Vectors] = []
    for span in speech:
        first = (span.start_ms - start_ms) * _SAMPLES_PER_MS
        sound = samples[first : first + (span.end_ms - span.start_ms) * _SAMPLES_PER_MS]
        if len(sound) < STEP_SAMPLES:
            continue
        # the last frame reaches 15 ms beyond its step: zeros stand for what is not in the span
        frames = fbank(np.pad(sound, (0, FRAME_SAMPLES - STEP_SAMPLES)))
        windows = _windows(len(frames))
        for begin, end in windows:
            places.append((span.start_ms + begin * STEP_MS, span.start_ms + end * STEP_MS))
            features.append(_filled(frames[begin:end]))
        places[-1] = (places[-1][0], span.end_ms)
    if not features:
        return []
    vectors = encoder.encode(np.stack(features))
    return [VoicePrint(begin, end, encoded(vector)) for (begin, end), vector in zip(places, vectors, strict=True)]


def encoded(vector: NDArray[np.floating[Any]]) -> str:
    """A vector of length 1 as base64 of signed bytes; the cosine of two changes by less than 0.002."""
    return base64.b64encode(np.rint(vector * _TOP).astype(np.int8).tobytes()).decode("ascii")


def decoded(prints: Sequence[VoicePrint]) -> Vectors:
    """The vectors of prints, of length 1, shape (n, 192). Of another size than the first one: a vector of zeros."""
    raw = [np.frombuffer(base64.b64decode(print_.vector), dtype=_DECODED) for print_ in prints]
    size = len(raw[0]) if raw else SIZE
    table = np.array([vector if len(vector) == size else np.zeros(size, np.int8) for vector in raw], dtype=np.float32)
    return normalised(table.reshape(len(raw), size))


def normalised(vectors: NDArray[np.floating[Any]]) -> Vectors:
    """Rows brought to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    found: Vectors = (vectors / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
    return found


def _windows(frames: int) -> list[tuple[int, int]]:
    """Windows of a span, in frames; the last one ends with the span."""
    if frames <= _FRAMES:
        return [(0, frames)]
    hop = HOP_MS // STEP_MS
    starts = list(range(0, frames - _FRAMES + 1, hop))
    if frames - (starts[-1] + _FRAMES) >= _REST_MS // STEP_MS:
        starts.append(frames - _FRAMES)
    return [(start, start + _FRAMES) for start in starts]


def _filled(frames: Vectors) -> Vectors:
    """Frames without their mean (the sound of microphone and room), repeated to a whole window."""
    centred = frames - frames.mean(axis=0)
    return np.resize(centred, (_FRAMES, centred.shape[1]))


__all__ = [
    "HOP_MS",
    "SIZE",
    "VOICE_MODEL",
    "WINDOW_MS",
    "VoiceEncoder",
    "decoded",
    "encoded",
    "normalised",
    "prints_of",
    "voice_encoder",
    "voice_prints",
]
