"""What is seen: shots, the frames that stand for them, and what was found in these."""

from __future__ import annotations

from dataclasses import dataclass

from processors.domain.facts import FrameCount


@dataclass(frozen=True, slots=True)
class Shot:
    """One continuous take. Shots of a video are contiguous and cover it."""

    index: int
    start_ms: int
    end_ms: int
    # How it begins: "cut", "dissolve" (also wipes and other blends), "fade". None for the first one, for a stretch of
    # which no shot is known, and in results of older versions. What key frames alone tell (profile "fast") is always a
    # "cut".
    transition: str | None = None


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
