"""The pictures that were looked at: what is seen in each, who says so, and why it was not somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from processors.domain import FrameAnalysis
from processors.report.pictures import STRIP_WIDTH, Picture, Pictures
from processors.report.source import percent, text
from processors.timeline import clock
from processors.vision.words import MEASURED

# A picture takes some 6 kB in the page, all of these 0.4 MB. Of longer videos every second, third, ... is shown.
FRAMES_SHOWN: Final = 60
# Up to this many the list is open: three rows on a desktop.
OPEN_FRAMES: Final = 15
WORDS_SHOWN: Final = 5
_TEXT_SHOWN: Final = 120  # characters of what can be read in a picture
# From this novelty on a picture is called so.
_NOVELTY: Final = ((0.5, "new"), (0.2, "partly new"), (0.0, "as before"))


@dataclass(frozen=True, slots=True)
class FrameView:
    """One picture; confidences and novelty in per cent.

    Attributes:
        words: what is seen, surest first, with its confidence.
        source: who described it, for people.
        reason: why a service that was to did not; empty when it did, or was not to.
        notes: novelty and frozen time.
    """

    picture: Picture | None
    time: str
    description: str
    words: list[tuple[str, int]]
    written: str
    source: str
    reason: str
    notes: str


def frame_views(frames: Sequence[FrameAnalysis], pictures: Pictures) -> list[FrameView]:
    """The pictures that are shown, in the order of time."""
    step = -(-len(frames) // FRAMES_SHOWN) or 1
    return [frame_view(frame, pictures) for frame in frames[::step]]


def frame_view(frame: FrameAnalysis, pictures: Pictures | None = None) -> FrameView:
    """One picture; without `pictures` only what is said of it."""
    time = clock(frame.pts_ms)
    things = [label for label in frame.labels if label.name not in MEASURED]
    measured = [label for label in frame.labels if label.name in MEASURED]
    words = [(text(label.name), percent(label.confidence)) for label in [*things, *measured][:WORDS_SHOWN]]
    faces = len(frame.faces)
    if faces > 1:
        words = [(f"{faces} faces" if name == "face" else name, sure) for name, sure in words]
    alt = f"Picture at {time}"
    return FrameView(
        picture=None if pictures is None else pictures.get(frame.frame_uri, STRIP_WIDTH, alt),
        time=time,
        description=text(frame.description),
        words=[(name, sure) for name, sure in words if name],
        written=_short(" · ".join(line for line in map(text, frame.text) if line)),
        source=source_name(frame.source),
        reason=text(frame.reason),
        notes=", ".join(_notes(frame)),
    )


def source_name(source: str) -> str:
    """Who described a picture, for people; empty when it is not known."""
    return {"local": "models on this machine"}.get(source, text(source))


def _notes(frame: FrameAnalysis) -> list[str]:
    notes = []
    if frame.novelty is not None:
        called = next(name for least, name in _NOVELTY if frame.novelty >= least or least == 0)
        notes.append(f"{called} ({percent(frame.novelty)} %)")
    if frame.still_ms:
        notes.append(f"unchanged for {frame.still_ms / 1000:.0f} s")
    return notes


def _short(line: str) -> str:
    return line if len(line) <= _TEXT_SHOWN else line[: _TEXT_SHOWN - 1].rstrip() + "…"


__all__ = ["FRAMES_SHOWN", "OPEN_FRAMES", "FrameView", "frame_view", "frame_views", "source_name"]
