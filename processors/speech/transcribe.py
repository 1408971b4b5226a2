"""One audio chunk to its words: choice of the model, language, second tries, guards, places on the timeline."""

from __future__ import annotations

import io
import math
import wave
from typing import Final

import numpy as np

from processors.domain import AudioChunk, ChunkTranscript, DroppedText, Span, Utterance, Word
from processors.errors import InvalidMessage
from processors.options import Options
from processors.speech.whisper import SAMPLE_RATE, UNSPACED, WINDOW_S, Decoded, Recogniser, Samples, recogniser
from processors.timeline import clamp_span, ms_to_samples, overlap_ms
from processors.tools import Tools

SMALL_MODEL: Final = "tiny.en"
LARGE_MODEL: Final = "base"
SURE: Final = 0.6  # language probability from which it is taken as known
# A decode is bad below this mean log probability per token, or above this compression ratio (Whisper's own limits).
MIN_LOGPROB: Final = -1.0
MAX_COMPRESSION: Final = 2.4
NO_SPEECH: Final = 0.6
# Nobody speaks faster: 12 tokens a second are over 8 words. More is a loop.
MAX_TOKENS_PER_S: Final = 12.0
SPARE_TOKENS: Final = 10
RETRY_BEAM: Final = 5
PAUSE_MS: Final = 700  # between words: a new utterance
_SENTENCE_END: Final = (".", "?", "!", "…", "。", "？", "！")
_BEAMS: Final = {"fast": 1, "balanced": 1, "best": 5}


def model_for(options: Options, hint: str | None, override: str | None) -> str:
    """The model that decodes a chunk: English in the fast profile goes to the small English one."""
    if override is not None:
        return override
    if options.profile == "fast" and (options.language or hint) == "en":
        return SMALL_MODEL
    return LARGE_MODEL


def transcribe_chunk(chunk: AudioChunk, options: Options, tools: Tools) -> ChunkTranscript:
    """Recognise the words of a chunk.

    A decode that looks bad is done again with the larger model, the language detected anew, a wider beam and the full
    window; the better one of both is kept. Text that is still bad, or lies outside the detected speech, is dropped
    and listed.

    Args:
        chunk: from the audio extractor; at most 29 s.
        options: `profile` and `language` count.
        tools: `blobs` has the sound, `models` the model, `threads` are used.

    Raises:
        InvalidMessage: the blob is no 16 kHz mono WAV.
        ModelUnavailable: no model.
    """
    samples = read_wav(tools.blobs.get(chunk.blob_uri))
    name = model_for(options, chunk.language_hint, tools.asr_model)
    model = recogniser(tools.models.path(name), tools.threads)
    hint = options.language or (chunk.language_hint if (chunk.language_probability or 0.0) >= SURE else None)
    decoded = model.decode(samples, hint, _BEAMS[options.profile])
    if _bad(decoded, samples):
        name, decoded = _again(decoded, name, samples, options, tools)
    speech_ms = sum(span.end_ms - span.start_ms for span in chunk.speech)
    reason = _refusal(decoded, samples)
    if reason is not None or not decoded.words:
        dropped = (
            [DroppedText(chunk.start_ms, chunk.end_ms, decoded.text, reason or "no words")] if decoded.text else []
        )
        return ChunkTranscript(chunk.start_ms, chunk.end_ms, speech_ms, None, None, [], dropped, name)
    words = _placed(decoded.words, chunk)
    kept, outside = _inside_speech(words, chunk.speech)
    utterances = [_utterance(group, decoded, samples, chunk.start_ms) for group in _groups(kept)]
    return ChunkTranscript(
        start_ms=chunk.start_ms,
        end_ms=chunk.end_ms,
        speech_ms=speech_ms,
        language=decoded.language if utterances else None,
        language_probability=round(decoded.language_probability, 4) if utterances else None,
        utterances=utterances,
        dropped=[DroppedText(word.start_ms, word.end_ms, word.text, "outside speech") for word in outside],
        model=name,
    )


def warm_up(tools: Tools) -> None:
    """Load the model that most chunks need."""
    recogniser(tools.models.path(tools.asr_model or LARGE_MODEL), tools.threads)


def read_wav(content: bytes) -> Samples:
    """Samples in -1..1 of a 16 kHz mono 16-bit WAV.

    Raises:
        InvalidMessage: another format.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, SAMPLE_RATE):
                raise InvalidMessage("The audio chunk is not 16 kHz mono 16-bit.")
            return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768.0
    except (wave.Error, EOFError) as error:
        raise InvalidMessage(f"The audio chunk is no WAV file: {error}.") from error


def _bad(decoded: Decoded, samples: Samples) -> bool:
    return (
        decoded.avg_logprob < MIN_LOGPROB
        or decoded.compression_ratio > MAX_COMPRESSION
        or decoded.tokens > len(samples) / SAMPLE_RATE * MAX_TOKENS_PER_S + SPARE_TOKENS
    )


def _again(first: Decoded, name: str, samples: Samples, options: Options, tools: Tools) -> tuple[str, Decoded]:
    better = tools.asr_model or LARGE_MODEL
    model: Recogniser = recogniser(tools.models.path(better), tools.threads)
    second = model.decode(samples, options.language, RETRY_BEAM, WINDOW_S)
    first_bad, second_bad = _bad(first, samples), _bad(second, samples)
    if second_bad and (not first_bad or first.avg_logprob >= second.avg_logprob):
        return name, first
    return better, second


def _refusal(decoded: Decoded, samples: Samples) -> str | None:
    """Why the text of a decode is not believed, or None."""
    if decoded.no_speech_probability > NO_SPEECH and decoded.avg_logprob < MIN_LOGPROB:
        return "no speech"
    if decoded.compression_ratio > MAX_COMPRESSION:
        return "repetition"
    if decoded.tokens > len(samples) / SAMPLE_RATE * MAX_TOKENS_PER_S + SPARE_TOKENS:
        return "more words than can be spoken"
    return None


def _placed(words: list[Word], chunk: AudioChunk) -> list[Word]:
    """Words on the timeline: inside the chunk, in order, none of length 0."""
    placed: list[Word] = []
    at = chunk.start_ms
    for word in words:
        start, end = word.start_ms + chunk.start_ms, word.end_ms + chunk.start_ms
        if chunk.end_ms - at < 1:
            at = chunk.end_ms - 1
        start, end = clamp_span(max(start, at), end, chunk.start_ms, chunk.end_ms)
        placed.append(Word(start, end, word.text, word.probability))
        at = start
    return placed


def _inside_speech(words: list[Word], speech: list[Span]) -> tuple[list[Word], list[Word]]:
    """Words that touch detected speech, and those that do not although their probability is low."""
    kept: list[Word] = []
    outside: list[Word] = []
    for word in words:
        touches = any(overlap_ms((word.start_ms, word.end_ms), (span.start_ms, span.end_ms)) for span in speech)
        (kept if touches or word.probability >= SURE else outside).append(word)
    return kept, outside


def _groups(words: list[Word]) -> list[list[Word]]:
    groups: list[list[Word]] = []
    for word in words:
        last = groups[-1][-1] if groups else None
        if last is None or word.start_ms - last.end_ms >= PAUSE_MS or last.text.endswith(_SENTENCE_END):
            groups.append([])
        groups[-1].append(word)
    return groups


def _utterance(words: list[Word], decoded: Decoded, samples: Samples, chunk_start_ms: int) -> Utterance:
    start_ms, end_ms = words[0].start_ms, max(word.end_ms for word in words)
    piece = samples[
        ms_to_samples(start_ms - chunk_start_ms, SAMPLE_RATE) : ms_to_samples(end_ms - chunk_start_ms, SAMPLE_RATE)
    ]
    return Utterance(
        start_ms=start_ms,
        end_ms=end_ms,
        text=("" if decoded.language in UNSPACED else " ").join(word.text for word in words),
        language=decoded.language,
        words=words,
        avg_logprob=round(min(0.0, decoded.avg_logprob), 4),
        no_speech_probability=round(decoded.no_speech_probability, 4),
        loudness_db=_loudness_db(piece),
    )


def _loudness_db(samples: Samples) -> float | None:
    if not len(samples):
        return None
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return round(10 * math.log10(power), 2) if power > 0 else None


__all__ = ["model_for", "read_wav", "transcribe_chunk", "warm_up"]
