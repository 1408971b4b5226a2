"""What comes out: ranked segments with their reasons, and the document of everything that was understood."""

from __future__ import annotations

from dataclasses import dataclass, field

from processors.domain.pictures import FrameAnalysis, Label, Shot
from processors.domain.sound import DroppedText, Sound, Utterance


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
    hook: str = ""  # the words that give a reason to stay, as they are said
    payoff: str = ""  # the words that the moment leads to, as they are said
    intent: str = ""  # what it is for: "teach", "story", ...


@dataclass(frozen=True, slots=True)
class Engagement:
    """How likely a segment holds viewers, as far as that can be known without any: an estimate with its bounds."""

    score: float
    low: float  # of the 90 % interval of the estimate
    high: float


@dataclass(frozen=True, slots=True)
class PlatformFit:
    """How a segment suits a platform, and what is written beside it there."""

    fit: float  # 0 cannot be published .. 1 nothing speaks against it
    violations: list[str]  # of the platform's rules, for people, with what would mend each
    title: str  # within the platform's limit
    description: str
    hashtags: list[str]  # without "#"


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
    description: str = ""  # a sentence or two, taken from what is said or shown, or by a service
    hashtags: list[str] = field(default_factory=list)  # without "#", the most telling first
    engagement: Engagement | None = None
    modalities: dict[str, float] = field(default_factory=dict)  # confidence of each
    platforms: dict[str, PlatformFit] = field(default_factory=dict)  # by platform
    suggestions: list[str] = field(default_factory=list)  # what would make it better, for people


@dataclass(frozen=True, slots=True)
class Changes:
    """How the segments of a revision differ from those of the one before, by segment_id; times that moved are both."""

    added: list[str]
    removed: list[str]
    moved: list[str]  # to another rank


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
