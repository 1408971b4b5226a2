"""From parts to ranked segments: document, sentences, candidates, signals, fusion, selection.

A pure function of the parts: the order in which they arrived, the host and the clock never show in the result, so
two runs are compared by bytes. The provisional result is the same function on the part of the video known so far.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from processors.domain import Document, FrameAnalysis, Segment
from processors.segments.candidates import Window
from processors.segments.confidence import Trust
from processors.segments.curve import interest_curve
from processors.segments.fusion import Fusion, fuse
from processors.segments.gathering import Gathered, gather
from processors.segments.keyframes import key_frame
from processors.segments.likeness import Likeness
from processors.segments.material import Material, Windows
from processors.segments.meaning import Understand
from processors.segments.opening import kept_opening_ms
from processors.segments.parts import Parts, dump_json, load_json
from processors.segments.selection import nearest_to, select
from processors.segments.sentences import Sentence
from processors.segments.speakers import speakers_between
from processors.segments.titles import Titles
from processors.segments.weights import preferred_weights
from processors.segments.words import Token, text_of
from processors.speech.voiceprint import Vectors

DECIMALS: Final = 4


@dataclass(frozen=True, slots=True)
class Ranking:
    """What is known about a video after ranking.

    Args:
        video_id: the video.
        duration_ms: its length, >= 0.
        segments: best first, ranks from 1.
        document: transcript, shots, frames and interest curve.
        languages: ISO 639 codes, the most spoken first.
        confidence: 0..1, mean over the segments; 0 without any.
        missing: what ranking had to do without, in words for people. A silent video lacks speech too: this says what
            there was, not whether something failed.
        candidates: number of windows that were compared.
    """

    video_id: str
    duration_ms: int
    segments: list[Segment]
    document: Document
    languages: list[str]
    confidence: float
    missing: list[str]
    candidates: int

    def to_json(self) -> bytes:
        """JSON with sorted keys: equal rankings give equal bytes."""
        return dump_json(self)

    @classmethod
    def from_json(cls, content: bytes) -> Ranking:
        """Read a ranking back.

        Raises:
            InvalidMessage: `content` is not the JSON of a ranking.
        """
        return load_json(cls, content)


def rank(
    parts: Parts,
    until_ms: int | None = None,
    voices: dict[str, Vectors] | None = None,
    understand: Understand | None = None,
) -> Ranking:
    """Rank the segments of a video.

    Args:
        parts: whatever is there, in any order.
        until_ms: for a provisional result, the time up to which all parts are in; later material is left out.
        voices: enrolled people: name -> voice prints.
        understand: embeds sentences; without it the signals of meaning are not measured.

    Returns:
        The ranking; without segments when the video is shorter than 500 ms or has neither words nor pictures.

    Raises:
        InvalidMessage: the preferences name an unknown signal or have a factor out of range.
    """
    weights = preferred_weights(parts.options.preferences)
    gathered = gather(parts, until_ms, voices, understand)
    material = gathered.material
    document = replace(gathered.document, curve=interest_curve(material, weights))
    opening_ms = kept_opening_ms(gathered.duration_ms)
    best = None
    if opening_ms and (until_ms is None or until_ms > opening_ms):
        best = _best(gather(parts, opening_ms, voices, understand), weights)
    segments = _segments(parts, gathered, weights, best) if gathered.windows else []
    return Ranking(
        video_id=parts.video_id,
        duration_ms=gathered.duration_ms,
        segments=segments,
        document=document,
        languages=_languages(material.tokens),
        confidence=_mean([segment.confidence for segment in segments]),
        missing=_missing(document, material.tokens),
        candidates=len(gathered.windows),
    )


def _best(gathered: Gathered, weights: dict[str, float]) -> Window | None:
    """The best window of what is known of the opening alone: that of the first result."""
    if not gathered.windows:
        return None
    fusion = fuse(gathered.material, gathered.material.windows(gathered.windows), weights)
    known = np.where(fusion.seen, fusion.scores, -1.0)
    return gathered.windows[int(np.argmax(known))] if fusion.seen.any() else None


def _segments(parts: Parts, gathered: Gathered, weights: dict[str, float], kept: Window | None) -> list[Segment]:
    material = gathered.material
    windows = material.windows(gathered.windows)
    fusion = fuse(material, windows, weights)
    # a window about which nothing but its place is known is no recommendation
    known = np.flatnonzero(fusion.seen)
    nearest = None if kept is None else nearest_to(kept, windows.starts, windows.ends)
    chosen = select(
        windows.starts[known],
        windows.ends[known],
        fusion.scores[known],
        parts.options.max_segments,
        None if nearest is None else nearest[known],
        Likeness(material.meaning, windows.sentence_low[known], windows.sentence_high[known]).to,
    )
    titles, trust = Titles.of(material), Trust.of(material, windows, fusion)
    return [
        _segment(parts.video_id, position, int(known[index]), material, windows, fusion, titles, trust)
        for position, index in enumerate(chosen, start=1)
    ]


def _segment(
    video_id: str,
    position: int,
    index: int,
    material: Material,
    windows: Windows,
    fusion: Fusion,
    titles: Titles,
    trust: Trust,
) -> Segment:
    window = windows.spans[index]
    words = material.tokens[int(windows.word_low[index]) : int(windows.word_high[index])]
    inside = [frame for frame in material.frames if window.start_ms <= frame.pts_ms < window.end_ms]
    frame = key_frame(material.frames, window.start_ms, window.end_ms)
    return Segment(
        segment_id=f"{video_id}-{window.start_ms}-{window.end_ms}",
        rank=position,
        start_ms=window.start_ms,
        end_ms=window.end_ms,
        score=float(fusion.scores[index]),
        confidence=trust.confidence(index),
        title=titles.title(_said(material, window), inside or _shown(frame), window.start_ms),
        text=text_of(words),
        reasons=fusion.reasons(index),
        keyframe_uri=None if frame is None else frame.frame_uri,
        speakers=speakers_between(material.transcript, window.start_ms, window.end_ms),
        engagement=trust.engagement(index),
        modalities=trust.modalities(index),
    )


def _said(material: Material, window: Window) -> list[Sentence]:
    """The sentences of a window that lie wholly inside; the first in any case."""
    if window.first < 0:
        return []
    sentences = material.sentences[window.first : window.last + 1]
    return [sentence for sentence in sentences if sentence.end_ms <= window.end_ms] or sentences[:1]


def _shown(frame: FrameAnalysis | None) -> list[FrameAnalysis]:
    return [] if frame is None else [frame]


def _languages(tokens: list[Token]) -> list[str]:
    spoken_ms = Counter[str]()
    for token in tokens:
        spoken_ms[token.language] += token.end_ms - token.start_ms
    return sorted(spoken_ms, key=lambda language: (-spoken_ms[language], language))


def _missing(document: Document, tokens: list[Token]) -> list[str]:
    unheard = not any(utterance.loudness_db is not None for utterance in document.transcript)
    absent = {
        "speech: no words were recognised": not tokens,
        "loudness: not measured": bool(tokens) and unheard,
        "shots: none were found": not document.shots,
        "pictures: none were analysed": not document.frames,
    }
    return [note for note, gone in absent.items() if gone]


def _mean(values: list[float]) -> float:
    return round(sum(sorted(values)) / len(values), DECIMALS) if values else 0.0


__all__ = ["Ranking", "rank"]
