"""Whisper models (Radford et al. 2022) on CTranslate2: encode a short window, tell its language, decode, align.

faster-whisper loads the model and holds the tokenizer and the alignment; its loop over a file is not used, as chunks
are cut at pauses beforehand. The gain is in the encoder: Whisper pads every window to 30 s, and most of the work is
spent on the padding. Here the window is as long as the sound plus a margin of silence. See `MARGIN_FRAMES`.
"""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from processors.cancelling import check_wanted
from processors.speech.choice import Device, compute_type_for
from processors.speech.spelling import Piece, whole_words
from processors.speech.vad import SAMPLE_RATE, Samples

FULL_FRAMES: Final = 3_000  # 30 s, what Whisper was trained on
FRAMES_PER_SECOND: Final = 100
# Silence behind the sound in a short window. Without it the model does not notice the end and repeats itself. 51
# English clips, tiny.en greedy, words wrong and time of encoder + decoder: 30 s 12.0 % in 25.8 s; +0 s 411 %; +1 s
# 223 %; +2 s 90 %; +4 s 11.1 % in 5.3 s; +8 s 11.1 % in 10.1 s. base, beam 5, 770 s of chunks in three languages, wrong
# words of 1,708 and time in all: +4 s 184 in 53 s, +5 s 176, +6 s 170 in 59 s, +7 s 167 in 64 s, +8 s 177 in 70 s.
MARGIN_FRAMES: Final = 600
# Log mel values of silence lie this far under the loudest: 8 powers of ten, divided by 4 as Whisper scales them.
# faster-whisper pads with 0, a middling loudness: 13.3 instead of 12.0 % wrong (tiny.en), 12.9 and 11.7 (base), 30 s.
_SILENCE_BELOW_PEAK: Final = 2.0
# Tokens that one second of speech can have (fast Hindi; English has 5), and those of a window that is nearly empty.
_TOKENS_PER_SECOND: Final = 25
_SPARE_TOKENS: Final = 40
_MAX_TOKENS: Final = 224  # half of the decoder's context, as in Whisper
_FIRST_TIMESTAMP: Final = 50  # the first words begin within 1 s, as in Whisper
_MODELS_IN_MEMORY: Final = 2  # the usual one and the larger one it falls back to: 80 and 150 MB
_PREPENDED: Final = "\"'“¿([{-"
_APPENDED: Final = "\"'.。,，!！?？:：”)]}、"


@dataclass(frozen=True, slots=True)
class Encoded:
    """A window after the encoder."""

    output: Any  # ctranslate2.StorageView
    frames: int  # of the sound, without the margin; 10 ms each


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the decoder wrote for a window."""

    tokens: list[int]  # of the text, without timestamps
    text: str
    avg_logprob: float  # per token, <= 0
    no_speech: float  # probability 0..1 that there is no speech
    compression: float  # bytes of the text divided by its compressed bytes: high when it repeats itself
    cut_off: bool  # the limit of tokens was reached


@dataclass(frozen=True, slots=True)
class AlignedWord:
    """A word with its times in seconds from the start of the window; may be of no length."""

    text: str
    start_s: float
    end_s: float
    probability: float


class Recogniser:
    """One loaded model. Not for use by two threads at once.

    Args:
        name: of the model, for results.
        folder: with model.bin, config.json, tokenizer.json and the vocabulary.
        threads: of the processor.
        device: where it runs.
    """

    def __init__(self, name: str, folder: Path, threads: int, device: Device = "cpu") -> None:
        from faster_whisper import WhisperModel
        from faster_whisper.feature_extractor import FeatureExtractor

        self.name = name
        self._model = WhisperModel(
            str(folder),
            device=device,
            compute_type=compute_type_for(device),
            cpu_threads=threads,
            num_workers=1,
            local_files_only=True,
        )
        self._features: FeatureExtractor = self._model.feature_extractor
        self._tokenizers: dict[str, Any] = {}
        self.multilingual: bool = self._model.model.is_multilingual
        self.languages: frozenset[str] = frozenset(self._model.supported_languages)

    def encode(self, samples: Samples, margin_frames: int = MARGIN_FRAMES) -> Encoded:
        """Run the encoder.

        Args:
            samples: mono, 16 kHz, float32, shape (n,), at most 30 s.
            margin_frames: silence behind the sound, of 10 ms each; `FULL_FRAMES` gives Whisper's own window of 30 s,
                which is slow, for sound on which a short one failed.

        Raises:
            ValueError: longer than 30 s, or empty.
        """
        if not 0 < len(samples) <= FULL_FRAMES * SAMPLE_RATE // FRAMES_PER_SECOND:
            raise ValueError(f"a window holds up to 30 s of sound, got {len(samples) / SAMPLE_RATE:.1f} s")
        check_wanted()
        mel: NDArray[np.float32] = self._features(samples)[:, :FULL_FRAMES]
        frames = mel.shape[1]
        length = min(FULL_FRAMES, frames + margin_frames)
        length += length % 2  # the encoder halves it
        window = np.full((mel.shape[0], length), mel.max() - _SILENCE_BELOW_PEAK, dtype=np.float32)
        window[:, :frames] = mel
        return Encoded(self._model.encode(window), frames)

    def detect_language(self, encoded: Encoded) -> dict[str, float]:
        """Probability of each language, the likeliest first; an English model knows only English."""
        if not self.multilingual:
            return {"en": 1.0}
        return {token[2:-2]: float(p) for token, p in self._model.model.detect_language(encoded.output)[0]}

    def decode(self, encoded: Encoded, language: str, beam: int) -> Decoded:
        """Write the words down, without sampling: the same input gives the same text."""
        check_wanted()
        tokenizer = self._tokenizer(language)
        limit = min(_MAX_TOKENS, _SPARE_TOKENS + _TOKENS_PER_SECOND * encoded.frames // FRAMES_PER_SECOND)
        prompt = self._model.get_prompt(tokenizer, [], without_timestamps=False)
        result = self._model.model.generate(
            encoded.output,
            [prompt],
            beam_size=beam,
            max_length=len(prompt) + limit,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=[-1],
            max_initial_timestamp_index=_FIRST_TIMESTAMP,
        )[0]
        every = result.sequences_ids[0]
        tokens = [token for token in every if token < tokenizer.eot]
        text = tokenizer.decode(tokens).strip()
        return Decoded(
            tokens=tokens,
            text=text,
            avg_logprob=float(result.scores[0]) * len(every) / (len(every) + 1),
            no_speech=float(result.no_speech_prob),
            compression=compression_ratio(text),
            cut_off=len(every) >= limit,
        )

    def align(self, encoded: Encoded, decoded: Decoded, language: str) -> list[AlignedWord]:
        """Find when each word was said, by the attention of the decoder to the sound (dynamic time warping)."""
        from faster_whisper.transcribe import merge_punctuations

        if not decoded.tokens:
            return []
        check_wanted()
        words = self._model.find_alignment(self._tokenizer(language), [decoded.tokens], encoded.output, encoded.frames)[
            0
        ]
        merge_punctuations(words, _PREPENDED, _APPENDED)
        pieces = [
            Piece(one["word"], float(one["start"]), float(one["end"]), float(one["probability"]), len(one["tokens"]))
            for one in words
            if one["tokens"]
        ]
        return [AlignedWord(w.text, w.start_s, w.end_s, w.probability) for w in whole_words(pieces, language)]

    def _tokenizer(self, language: str) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        tokenizer = self._tokenizers.get(language)
        if tokenizer is None:
            tokenizer = Tokenizer(self._model.hf_tokenizer, self.multilingual, task="transcribe", language=language)
            self._tokenizers[language] = tokenizer
        return tokenizer


def compression_ratio(text: str) -> float:
    """Bytes of a text divided by its bytes compressed (zlib); 0 for no text. Plain speech has 0.7 to 2."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


@cache
def cuda_devices() -> int:
    """GPUs that CTranslate2 can use; asked once in a process."""
    import ctranslate2

    return int(ctranslate2.get_cuda_device_count())


_loaded: OrderedDict[tuple[str, int, Device], Recogniser] = OrderedDict()
_lock = threading.Lock()


def recogniser(name: str, folder: Path, threads: int, device: Device = "cpu") -> Recogniser:
    """A model out of those in memory, loaded when it is not there; the one that was not used longest makes room."""
    key = (str(folder), threads, device)
    with _lock:
        if key not in _loaded:
            while len(_loaded) >= _MODELS_IN_MEMORY:
                _loaded.popitem(last=False)
            _loaded[key] = Recogniser(name, folder, threads, device)
        _loaded.move_to_end(key)
        return _loaded[key]


__all__ = ["AlignedWord", "Decoded", "Encoded", "Recogniser", "compression_ratio", "cuda_devices", "recogniser"]
