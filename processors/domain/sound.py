"""What is heard: chunks of sound, their words and how these were said, and sounds beside speech."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

# Sounds that an end record may tell, some 40 bytes each: a sixtieth of what a record may hold.
MAX_SOUNDS: Final = 300


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the timeline."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A piece of the sound track that holds speech, cut in silence, at most 29 s long."""

    blob_uri: str  # 16 kHz mono signed 16-bit WAV of exactly [start_ms, end_ms)
    start_ms: int
    end_ms: int
    speech: list[Span]  # speech inside the chunk by VAD, absolute times
    language_hint: str | None  # language of the first speech of the file, when sure
    language_probability: float | None  # of the hint


@dataclass(frozen=True, slots=True)
class Sound:
    """A stretch of sound that is not speech, or that goes with it."""

    start_ms: int
    end_ms: int
    kind: str  # "music", "noise", "laughter", "applause"
    probability: float


@dataclass(frozen=True, slots=True)
class Word:
    """One word as spoken, without surrounding blanks."""

    start_ms: int
    end_ms: int
    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class VoiceFeatures:
    """How something was said; each value is None where the voice is too weak or too short to tell."""

    pitch_hz: float | None  # median of the fundamental, 50..600
    pitch_range_st: float | None  # 5 to 95 % of the fundamental, in semitones, >= 0
    pitch_variation_st: float | None  # standard deviation of the fundamental, in semitones, >= 0
    loudness_range_db: float | None  # 10 to 95 % of the loudness of 50 ms frames, >= 0
    speech_rate: float | None  # words per second between the first and the last one, > 0
    pause_ms: int | None  # silence before it since the last word of the chunk; None at the start of a chunk
    voiced: float | None  # share of its frames that have a pitch, 0..1


@dataclass(frozen=True, slots=True)
class Emotion:
    """A guess from text and voice, not a measurement of what somebody feels."""

    valence: float  # -1 unpleasant .. 1 pleasant
    arousal: float  # 0 calm .. 1 excited
    label: str  # "neutral", "joy", "anger", "sadness", "fear", "surprise"
    probability: float  # of the label


@dataclass(frozen=True, slots=True)
class Marker:
    """Something in an utterance that listeners react to."""

    kind: str  # "question", "exclamation", "emphasis", "pause", "laughter", "applause"
    start_ms: int
    end_ms: int
    strength: float  # 0..1


@dataclass(frozen=True, slots=True)
class VoicePrint:
    """Whose voice a stretch of sound sounds like; prints of one person lie close to each other (cosine)."""

    start_ms: int
    end_ms: int
    vector: str  # base64 of signed bytes: a vector of length 1 times 127


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the recogniser returns as one stretch of speech: words in one language without a long pause."""

    start_ms: int
    end_ms: int
    text: str
    language: str
    words: list[Word]
    avg_logprob: float  # <= 0, mean log probability per token
    no_speech_probability: float
    loudness_db: float | None  # RMS relative to full scale, <= 0; None when not measurable
    voice: VoiceFeatures | None = None
    emotion: Emotion | None = None
    markers: list[Marker] = field(default_factory=list)
    speaker: str | None = None  # "S1" or a name; known once the whole video is: set by the segmenter
    overlapped: bool = False  # somebody else speaks at the same time


@dataclass(frozen=True, slots=True)
class DroppedText:
    """Text that a hallucination guard removed, kept so that nothing is silently gone."""

    start_ms: int
    end_ms: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChunkTranscript:
    """The words of one audio chunk."""

    start_ms: int
    end_ms: int
    speech_ms: int
    language: str | None  # None when the chunk has no words
    language_probability: float | None
    utterances: list[Utterance]
    dropped: list[DroppedText]
    model: str  # name of the model that decoded the words; "openai:" before the name that a service has for it
    noise_level: float | None = None  # 0 clean .. 1 noise
    voices: int | None = None  # speakers that the chunk alone seems to have, >= 1
    beam: int | None = None  # width of the search that decoded the words
    prints: list[VoicePrint] = field(default_factory=list)
    sounds: list[Sound] = field(default_factory=list)  # laughter and applause within the chunk
    cost_usd: float = 0.0  # of the service that was asked
    fallback: str | None = None  # why the local model decoded it although a service was to
