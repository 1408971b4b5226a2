"""From parts to ranked segments: document, sentences, candidates, signals, fusion, selection.

A pure function of the parts: the order in which they arrived, the host and the clock never show in the result, so
two runs are compared by bytes. The provisional result is the same function on the part of the video known so far.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from processors.domain import Document, FrameAnalysis, Segment, Shot
from processors.segments.candidates import Bounds, Window, candidates, longest_sentence_ms
from processors.segments.curve import interest_curve
from processors.segments.document import build_document, decoded_of, duration_of
from processors.segments.fusion import Fusion, fuse
from processors.segments.keyframes import key_frame
from processors.segments.material import Material, Windows
from processors.segments.parts import Parts, dump_json, load_json
from processors.segments.selection import select
from processors.segments.sentences import MAX_SENTENCE_MS, PAUSE_MS, Sentence, split_sentences
from processors.segments.speakers import speakers_between, with_speakers
from processors.segments.titles import Titles
from processors.segments.weights import preferred_weights
from processors.segments.words import Token, text_of, tokens_of
from processors.speech.voiceprint import Vectors

# With n windows to compare, percentiles are trusted n / (n + COMPARED): a single window tells nothing about rank.
COMPARED: Final = 1
# Trust in the words where nothing is said: the picture carries the segment, and it was not misheard.
WITHOUT_WORDS: Final = 1.0
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


def rank(parts: Parts, until_ms: int | None = None, voices: dict[str, Vectors] | None = None) -> Ranking:
    """Rank the segments of a video.

    Args:
        parts: whatever is there, in any order.
        until_ms: for a provisional result, the time up to which all parts are in; later material is left out.
        voices: enrolled people: name -> voice prints.

    Returns:
        The ranking; without segments when the video is shorter than 500 ms or has neither words nor pictures.

    Raises:
        InvalidMessage: the preferences name an unknown signal or have a factor out of range.
    """
    options = parts.options
    weights = preferred_weights(options.preferences)
    duration_ms = duration_of(parts)
    decoded_ms = decoded_of(parts)
    known_ms = decoded_ms if until_ms is None else max(0, min(until_ms, decoded_ms))
    document = with_speakers(build_document(parts, until_ms), parts, until_ms, voices)
    tokens = tokens_of(document.transcript, known_ms)
    longest_ms = longest_sentence_ms(options.max_segment_ms, MAX_SENTENCE_MS)
    sentences = _finished(split_sentences(tokens, longest_ms), known_ms if known_ms < decoded_ms else None)
    material = Material.of(document, tokens, sentences, known_ms)
    document = replace(document, curve=interest_curve(material, weights))
    bounds = Bounds.of(options.min_segment_ms, options.max_segment_ms, known_ms)
    # frames without shots (their records are lost): as far as is known one continuous take
    shots = document.shots or [Shot(0, 0, known_ms)] * bool(material.frames)
    found = candidates(sentences, tokens, shots, bounds)
    segments = _segments(parts, material, found, weights) if found else []
    return Ranking(
        video_id=parts.video_id,
        duration_ms=duration_ms,
        segments=segments,
        document=document,
        languages=_languages(tokens),
        confidence=_mean([segment.confidence for segment in segments]),
        missing=_missing(document, tokens),
        candidates=len(found),
    )


def _segments(parts: Parts, material: Material, found: list[Window], weights: dict[str, float]) -> list[Segment]:
    windows = material.windows(found)
    fusion = fuse(material, windows, weights)
    known = np.flatnonzero(fusion.weights.sum(axis=1))  # a window about which nothing is known is no recommendation
    chosen = select(windows.starts[known], windows.ends[known], fusion.scores[known], parts.options.max_segments)
    titles = Titles.of(material)
    return [
        _segment(parts.video_id, position, int(known[index]), material, windows, fusion, titles)
        for position, index in enumerate(chosen, start=1)
    ]


def _segment(
    video_id: str, position: int, index: int, material: Material, windows: Windows, fusion: Fusion, titles: Titles
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
        confidence=_confidence(float(fusion.evidence[index]), words, len(windows)),
        title=titles.title(_said(material, window), inside or _shown(frame), window.start_ms),
        text=text_of(words),
        reasons=fusion.reasons(index),
        keyframe_uri=None if frame is None else frame.frame_uri,
        speakers=speakers_between(material.transcript, window.start_ms, window.end_ms),
    )


def _said(material: Material, window: Window) -> list[Sentence]:
    """The sentences of a window that lie wholly inside; the first in any case."""
    if window.first < 0:
        return []
    sentences = material.sentences[window.first : window.last + 1]
    return [sentence for sentence in sentences if sentence.end_ms <= window.end_ms] or sentences[:1]


def _shown(frame: FrameAnalysis | None) -> list[FrameAnalysis]:
    return [] if frame is None else [frame]


def _confidence(evidence: float, words: list[Token], compared: int) -> float:
    """How far to trust a score, 0..1; not calibrated against viewers yet.

    The share of the signals' weight that could be measured, times the certainty of the words, times a factor for how
    many windows there were to compare with.
    """
    certainty = sum(word.probability for word in words) / len(words) if words else WITHOUT_WORDS
    return round(evidence * certainty * compared / (compared + COMPARED), DECIMALS)


def _finished(sentences: list[Sentence], until_ms: int | None) -> list[Sentence]:
    """For a provisional result, without a last sentence that may still be going on; never without any."""
    if until_ms is None or len(sentences) < 2:
        return sentences
    last = sentences[-1]
    marked = last.text.rstrip("\"'”’»)").endswith((".", "?", "!", "…", "。", "？", "！"))
    return sentences if marked or until_ms - last.end_ms >= PAUSE_MS else sentences[:-1]


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
