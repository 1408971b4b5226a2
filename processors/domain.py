"""The domain: what the stages hand to each other, as plain frozen dataclasses.

Times are integer milliseconds on the timeline of `processors.timeline`; spans are half open. Scores, probabilities and
confidences are 0..1 unless a comment says otherwise. `*_uri` of a blob is `blob:<sha256>`. Each class here that
travels on a topic has an Avro schema of the same shape in `schemas/`; a test keeps the two together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

from annotated_types import Interval

# Items of one stream of a video: a day of one-second chunks is 86,400. A record with a higher number is refused when it
# is read, since a reader's memory would follow it.
MAX_ITEMS: Final = 100_000
Count = Annotated[int, Interval(ge=0, le=MAX_ITEMS)]
MAX_BATCH_FRAMES: Final = 50
FrameCount = Annotated[int, Interval(ge=0, le=MAX_ITEMS * MAX_BATCH_FRAMES)]
# Sounds that an end record may tell, some 40 bytes each: a sixtieth of what a record may hold.
MAX_SOUNDS: Final = 300


# --------------------------------------------------------------------------------------------------- audio
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


# -------------------------------------------------------------------------------------------------- vision
@dataclass(frozen=True, slots=True)
class Shot:
    """One continuous take. Shots of a video are contiguous and cover it."""

    index: int
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class FrameRef:
    """A selected frame: JPEG, upright, in display aspect."""

    uri: str
    pts_ms: int
    shot: int  # index of its shot
    width: int
    height: int
    sharpness: float  # variance of the Laplacian, >= 0, not bounded
    motion: float  # 0 still .. 1 all changed, mean difference to the neighbouring decoded frame
    novelty: float | None = None  # 0 seen before .. 1 unlike every frame of the video before it
    still_ms: int | None = None  # for how long around it no picture differs from it, as far as its file says


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """At most 50 selected frames in time order, and the shots that ended since the last batch."""

    frames: list[FrameRef]
    shots: list[Shot]
    frames_before: FrameCount | None = None  # in the video's batches before this one; None in those of older versions

    @property
    def start_ms(self) -> int:
        """Where it begins; 0 when it is empty."""
        return min([frame.pts_ms for frame in self.frames] + [shot.start_ms for shot in self.shots], default=0)

    @property
    def end_ms(self) -> int:
        """How far it reaches; 0 when it is empty."""
        return max([frame.pts_ms for frame in self.frames] + [shot.end_ms for shot in self.shots], default=0)


@dataclass(frozen=True, slots=True)
class Label:
    """A label with its confidence."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Face:
    """A face; the box is relative to the frame (0..1)."""

    x: float
    y: float
    width: float
    height: float
    confidence: float


@dataclass(frozen=True, slots=True)
class FrameAnalysis:
    """What is seen in one frame."""

    frame_uri: str
    pts_ms: int
    shot: int
    labels: list[Label]
    text: list[str]  # on-screen text, top to bottom
    faces: list[Face]
    scene: str  # "title", "black", "people", "text", "graphic", "other"
    score: float  # how well the frame stands for its moment
    sharpness: float
    brightness: float  # mean luma 0..1
    colourfulness: float  # Hasler and Suesstrunk (2003) divided by 100, clipped to 0..1
    motion: float
    source: str  # "local", or "openai:" and the service's name of the model that described it
    model: str  # all that took part, with "+" between
    reason: str | None = None  # why the local models alone did it although a service was to
    description: str = ""  # a sentence by the service; empty without one
    confidence: float | None = None  # of the service in what it says
    prompt: str | None = None  # version of what the service was asked
    tokens: int = 0  # charged for it, >= 0
    cost_usd: float = 0.0  # its part of its request
    shared: bool = False  # the answer was given for a near-same picture, or to an earlier request
    novelty: float | None = None  # as in FrameRef
    still_ms: int | None = None  # as in FrameRef


@dataclass(frozen=True, slots=True)
class BatchAnalysis:
    """The analysis of one frame batch; its shots are passed through."""

    frames: list[FrameAnalysis]
    shots: list[Shot]
    cost_usd: float  # of the service that was asked, answers that could not be used included
    requests: int = 0  # that the service answered
    fallback: str | None = None  # why the local models did frames of it although a service was to


# ------------------------------------------------------------------------------------------------ metadata
@dataclass(frozen=True, slots=True)
class StreamFacts:
    """One stream of the container."""

    index: int
    kind: str  # "video", "audio", "subtitle", "data"
    codec: str
    start_ms: int
    duration_ms: int | None
    used: bool  # whether this is the stream that the stages read
    language: str | None
    width: int | None  # as displayed, after rotation
    height: int | None
    rotation: int | None  # degrees clockwise: 0, 90, 180, 270
    frame_rate: float | None  # average, frames per second
    sample_rate: int | None
    channels: int | None


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What the container says, and what was accepted of the request."""

    container: str  # ffmpeg's format name: "mov,mp4,m4a,3gp,3g2,mj2"
    duration_ms: int
    size_bytes: int
    title: str  # container's title, else the request's, else the file name
    source_digest: str  # SHA-256 of the file, hex
    streams: list[StreamFacts]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class ExtractionEnd:
    """The end record of an extractor."""

    item_count: Count | None  # None: the extractor failed on the way
    emitted: Count  # items sent before the end, equal to item_count unless that is None
    duration_ms: int | None  # of the stream as decoded
    warnings: list[str]  # what was wrong with the stream although it was read to its end
    sounds: list[Sound] = field(default_factory=list)  # what is between the chunks of speech: music, noise


# ------------------------------------------------------------------------------------------------ segments
@dataclass(frozen=True, slots=True)
class Reason:
    """One signal's part in a score: `value` is the signal's percentile in the video, `weight` its share."""

    signal: str
    value: float
    weight: float
    detail: str  # for people: "3 questions", "210 words per minute"


@dataclass(frozen=True, slots=True)
class Insight:
    """What a moment is about, by a service that was shown its pictures with what is said in it and around it."""

    description: str  # a sentence or two
    labels: list[Label]  # its subjects, the surest first
    confidence: float  # of the service in what it says
    source: str  # "openai:" and the service's name of its model
    prompt: str  # version of what the service was asked


@dataclass(frozen=True, slots=True)
class Segment:
    """A ranked piece of the video, ready to be published."""

    segment_id: str  # deterministic: video_id-start-end
    rank: int  # 1 is best
    start_ms: int
    end_ms: int
    score: float
    confidence: float
    title: str
    text: str
    reasons: list[Reason]
    keyframe_uri: str | None
    speakers: list[str] = field(default_factory=list)  # who speaks in it, the most first
    topics: list[str] = field(default_factory=list)  # key phrases of the topics that it touches
    insight: Insight | None = None  # of enriched results


@dataclass(frozen=True, slots=True)
class Speaker:
    """One person's voice in a video."""

    speaker: str  # "S1" for the one who speaks most, or the name of an enrolled one
    speech_ms: int
    enrolled: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """Somebody speaks without a long pause; turns of two people may overlap."""

    start_ms: int
    end_ms: int
    speaker: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A stretch of a video about one thing. Topics are contiguous from the first word to the last."""

    start_ms: int
    end_ms: int
    phrases: list[str]  # key phrases, the most telling first
    category: str  # of the set in use, or "other"
    confidence: float  # of the category


@dataclass(frozen=True, slots=True)
class Scene:
    """What is seen in one shot, of all its frames."""

    shot: int  # index of the shot
    start_ms: int
    end_ms: int
    description: str
    labels: list[Label]  # the surest first
    text: list[str]  # on screen, each once, in the order in which it is met
    sources: list[str]  # of its frames, sorted


@dataclass(frozen=True, slots=True)
class Document:
    """The long part of a result, kept as one blob: everything that was understood, in time order."""

    transcript: list[Utterance] = field(default_factory=list)
    dropped: list[DroppedText] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    frames: list[FrameAnalysis] = field(default_factory=list)
    curve: list[float] = field(default_factory=list)  # interest per second of the video, 0..1
    speakers: list[Speaker] = field(default_factory=list)  # who speaks most first
    turns: list[Turn] = field(default_factory=list)  # in time order
    topics: list[Topic] = field(default_factory=list)
    sounds: list[Sound] = field(default_factory=list)  # music, noise, laughter, applause, in time order
    scenes: list[Scene] = field(default_factory=list)  # of the shots that have frames, in time order
