"""One audio chunk to its words: choice of the model, recognition, guards, utterances on the timeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final

from processors.domain import AudioChunk, ChunkTranscript, DroppedText, Span, Utterance, Word
from processors.languages import UNSPACED
from processors.options import Options
from processors.segments.sentences import sentence_ends
from processors.segments.words import Token
from processors.speech.choice import Device, choose, device_for
from processors.speech.feelings import felt
from processors.speech.guards import surplus
from processors.speech.hosted import ask
from processors.speech.levels import level_speech, loudness_db
from processors.speech.listening import UNWRITTEN, Ears, Heard, Window, hear
from processors.speech.noise import Noise, noise_of
from processors.speech.placing import in_order, outside
from processors.speech.tongues import SURE
from processors.speech.vad import SAMPLE_RATE, Samples
from processors.speech.voiceprint import VOICE_MODEL, prints_of, voice_encoder
from processors.speech.voices import voices_in
from processors.speech.wav import from_wav
from processors.speech.whisper import Recogniser, cuda_devices, recogniser
from processors.tools import Tools

_PAUSE_MS: Final = 700  # between two words: a new utterance
# Sound that is recognised on both sides of the speech: soft first and last sounds are not speech to the detector.
_AROUND_MS: Final = 320
_MOMENT_MS: Final = 1_000  # too short to tell a language by
_SAMPLES_PER_MS: Final = SAMPLE_RATE // 1000


def transcribe_chunk(chunk: AudioChunk, options: Options, tools: Tools) -> ChunkTranscript:
    """Recognise the words of a chunk. The same chunk, options and models give the same result.

    Args:
        chunk: from the audio extractor; at most 29 s.
        options: `profile` and `language` count.
        tools: `blobs` has the sound, `models` the weights, `threads` are used.

    Returns:
        Utterances in time order; their words lie inside the chunk and do not overlap. Text that is not believed is in
        `dropped` with the reason: "no speech", "repetition", "not intelligible", "outside speech"; speech in a language
        that the settings do not support with "language not supported: CODE" and no text.

    Raises:
        InvalidMessage: the blob is not there, or no 16 kHz mono WAV.
        ModelUnavailable: no weights.
    """
    samples = from_wav(tools.blobs.get(chunk.blob_uri))
    prints = prints_of(chunk, samples, tools)
    voices = voices_in(prints) if prints else None
    relative = [(span.start_ms - chunk.start_ms, span.end_ms - chunk.start_ms) for span in chunk.speech]
    window = _spoken(Window(level_speech(samples, relative), chunk.start_ms, chunk.end_ms, chunk.speech))
    noise = noise_of(samples, relative)
    hosted = ask(window, chunk, options, tools)
    ears = _ears(chunk, options, tools, noise, voices) if hosted.found is None else None
    found = hosted.found or (hear(window, ears) if ears is not None and chunk.speech and len(samples) else [])
    found = [_doubted(heard, chunk, options) for heard in found]
    dropped = [
        DroppedText(*_extent(heard, chunk), heard.decoded.text, heard.refused)
        for heard in found
        if heard.refused is not None and (heard.decoded.text or heard.decoded is UNWRITTEN)
    ]
    utterances = []
    for words, heard in _stretches(found, chunk):
        kept, reason, gone = _guarded(words, chunk.speech)
        if gone:
            dropped.append(DroppedText(gone[0].start_ms, gone[-1].end_ms, _text(gone, heard.language), reason))
        utterances += [_utterance(group, heard, samples, chunk.start_ms) for group in _groups(kept, heard.language)]
    spoken = Counter({heard.language: len(heard.words) for heard in found if heard.refused is None})
    main = max(found, key=lambda heard: len(heard.words), default=None) if utterances else None
    language = max(sorted(spoken), key=lambda name: spoken[name]) if utterances else None
    sure = [heard.language_probability for heard in found if heard.language == language]
    transcript = ChunkTranscript(
        start_ms=chunk.start_ms,
        end_ms=chunk.end_ms,
        speech_ms=sum(span.end_ms - span.start_ms for span in chunk.speech),
        language=language,
        language_probability=round(min(1.0, max(sure)), 4) if utterances else None,
        utterances=utterances,
        dropped=sorted(dropped, key=lambda text: (text.start_ms, text.end_ms)),
        model=main.model if main is not None else ears.model.name if ears is not None else hosted.model,
        noise_level=None if noise is None else noise.level,
        voices=voices,
        prints=prints,
        beam=main.beam if main is not None else ears.beam if ears is not None else None,
    )
    return felt(hosted.recorded(transcript), samples)


def warm_up(tools: Tools) -> None:
    """Load the model that most chunks need, unless a service does them: of a profile that is not fast."""
    voice_encoder(tools.models.path(VOICE_MODEL), tools.threads)
    if tools.hosted is not None:
        import openai  # noqa: F401

        return
    device = device_of(tools)
    _load(tools.asr_model or tools.recognition.tier("balanced", device).large, tools, device)


def device_of(tools: Tools) -> Device:
    """What models run on.

    Raises:
        ModelUnavailable: the settings want a GPU and there is none.
    """
    return device_for(tools.recognition.device, cuda_devices())


def _spoken(window: Window) -> Window:
    """The window without silence before and behind its speech."""
    if not window.speech:
        return window
    return window.part(window.speech[0].start_ms - _AROUND_MS, window.speech[-1].end_ms + _AROUND_MS)


def _doubted(heard: Heard, chunk: AudioChunk, options: Options) -> Heard:
    """A moment of "speech" in no clear language is music or noise, and its text invented ("Thanks for watching.")."""
    speech_ms = sum(span.end_ms - span.start_ms for span in chunk.speech)
    doubtful = speech_ms < _MOMENT_MS and heard.language_probability < SURE and options.language is None
    return replace(heard, refused="no speech") if doubtful and heard.refused is None else heard


def _ears(chunk: AudioChunk, options: Options, tools: Tools, noise: Noise | None, voices: int | None) -> Ears:
    hint = chunk.language_hint if (chunk.language_probability or 0.0) >= SURE else None
    device = device_of(tools)
    tier = tools.recognition.tier(options.profile, device)
    english = (options.language or hint) == "en" and tools.recognition.supported.has("en")
    choice = choose(tier, tools.asr_model, None if noise is None else noise.level, voices, english)
    larger = choice.larger
    return Ears(
        model=_load(choice.model, tools, device),
        larger=None if larger is None else lambda: _load(larger, tools, device),
        language=options.language,
        hint=hint,
        beam=choice.beam,
        larger_beam=choice.larger_beam,
        supported=tools.recognition.supported,
    )


def _load(name: str, tools: Tools, device: Device) -> Recogniser:
    return recogniser(name, tools.models.path(name), tools.threads, device)


def _stretches(found: list[Heard], chunk: AudioChunk) -> Iterator[tuple[list[Word], Heard]]:
    """The believed words of all parts in time order, in runs that come from one part."""
    pairs = [(word, heard) for heard in found if heard.refused is None for word in heard.words]
    pairs.sort(key=lambda pair: pair[0].start_ms)
    words = in_order([word for word, _ in pairs], chunk.start_ms, chunk.end_ms)
    first = 0
    for index in range(1, len(words) + 1):
        if index == len(words) or pairs[index][1] is not pairs[first][1]:
            yield words[first:index], pairs[first][1]
            first = index


def _guarded(words: list[Word], speech: list[Span]) -> tuple[list[Word], str, list[Word]]:
    """(words to keep, why others go, those)."""
    if outside(words, speech):
        return [], "outside speech", words
    loop = surplus([word.text for word in words])
    if loop is None:
        return words, "", []
    return words[: loop[0]] + words[loop[1] :], "repetition", words[loop[0] : loop[1]]


def _groups(words: list[Word], language: str) -> list[list[Word]]:
    """Words in utterances: parted by long pauses and ends of sentences."""
    groups = [words[:1]] if words else []
    for last, word in pairwise(words):
        if word.start_ms - last.end_ms >= _PAUSE_MS or sentence_ends(_token(last, language), _token(word, language)):
            groups.append([])
        groups[-1].append(word)
    return groups


def _token(word: Word, language: str) -> Token:
    lead = "" if language in UNSPACED and not word.text[:1].isspace() else " "
    return Token(word.start_ms, word.end_ms, word.text.strip(), lead, language, word.probability, 0)


def _utterance(words: list[Word], heard: Heard, samples: Samples, chunk_start_ms: int) -> Utterance:
    start_ms, end_ms = words[0].start_ms, words[-1].end_ms
    first, last = (start_ms - chunk_start_ms) * _SAMPLES_PER_MS, (end_ms - chunk_start_ms) * _SAMPLES_PER_MS
    return Utterance(
        start_ms=start_ms,
        end_ms=end_ms,
        text=_text(words, heard.language),
        language=heard.language,
        words=[replace(word, text=word.text.strip()) for word in words],
        avg_logprob=round(min(0.0, heard.decoded.avg_logprob), 4),
        no_speech_probability=round(min(1.0, max(0.0, heard.decoded.no_speech)), 4),
        loudness_db=loudness_db(samples[first:last]),
    )


def _text(words: list[Word], language: str) -> str:
    """As written: where words have no blanks between them, those that there are stand before the words."""
    return ("" if language in UNSPACED else " ").join(word.text for word in words).strip()


def _extent(heard: Heard, chunk: AudioChunk) -> tuple[int, int]:
    if heard.words:
        return heard.words[0].start_ms, heard.words[-1].end_ms
    return (heard.span.start_ms, heard.span.end_ms) if heard.span is not None else (chunk.start_ms, chunk.end_ms)


__all__ = ["device_of", "transcribe_chunk", "warm_up"]
