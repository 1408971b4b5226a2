"""What is shown of a moment: a few of its frames, what is said in it and around it, what can be read on screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from processors.domain import Document, FrameAnalysis, Segment
from processors.enrichment.compress import Excerpt, Line, compressed
from processors.languages import UNSPACED
from processors.segments.material import Material
from processors.segments.sentences import Sentence, split_sentences
from processors.segments.signals.substance import TOPIC_WORTH, content_worth
from processors.segments.words import clean_text, tokens_of

# The key frame stands for the moment, the others show what changes in it; each costs as much as 300 tokens of text and
# more. The longest segments (60 s) have some ten shots.
PICTURES: Final = 3
# Around a moment: the sentence that it answers is seldom further away.
AROUND_MS: Final = 30_000
# So short, a sentence without a figure and without a word that comes back in the video only keeps the talk going.
FILLER_WORDS: Final = 2


@dataclass(frozen=True, slots=True)
class Moment:
    """A candidate as it is shown.

    Attributes:
        segment_id: of the candidate.
        frames: at most `PICTURES`, in time order; none where the video has no picture.
        excerpt: what is said.
        text: lines on screen, each once, in order.
    """

    segment_id: str
    frames: list[FrameAnalysis]
    excerpt: Excerpt
    text: list[str]


def moments_of(segments: Sequence[Segment], document: Document, tokens: int) -> list[Moment]:
    """The moments of segments, in their order.

    Args:
        segments: those to be shown.
        document: of the result.
        tokens: of what is said, for each.
    """
    lines = lines_of(document, max([segment.end_ms for segment in segments], default=0))
    found = []
    for segment in segments:
        frames = shown_frames(segment, document.frames)
        text = dict.fromkeys(line for frame in frames for line in map(clean_text, frame.text) if line)
        found.append(Moment(segment.segment_id, frames, _excerpt(segment, lines, tokens), list(text)))
    return found


def lines_of(document: Document, until_ms: int = 0) -> list[tuple[Sentence, Line]]:
    """The sentences of a transcript in order, each with its content words.

    Args:
        document: of the result.
        until_ms: its end, where it is known to go on behind the last word.
    """
    words = tokens_of(document.transcript)
    sentences = split_sentences(words)
    end_ms = max([until_ms, *(word.end_ms for word in words)]) + 1
    worth, bare = content_worth(Material.of(document, words, sentences, end_ms))
    lines = []
    for sentence in sentences:
        span = range(sentence.first, sentence.last + 1)
        lines.append((sentence, _line(sentence, {bare[at]: worth[at] for at in span if worth[at] > 0.0})))
    return lines


def shown_frames(segment: Segment, frames: Sequence[FrameAnalysis]) -> list[FrameAnalysis]:
    """The key frame, and the best of other shots, else of the same, that lie in the segment; in time order.

    Pictures that are black or of one tone (score 0) are left out, as they are in the first look.
    """
    key = next((frame for frame in frames if frame.frame_uri == segment.keyframe_uri), None)
    chosen = [key] if key is not None else []
    inside = [
        frame
        for frame in frames
        if segment.start_ms <= frame.pts_ms < segment.end_ms and frame.score > 0.0 and frame is not key
    ]
    while inside and len(chosen) < PICTURES:
        shots = {frame.shot for frame in chosen}
        best = min(inside, key=lambda frame: (frame.shot in shots, -frame.score, frame.pts_ms, frame.frame_uri))
        inside.remove(best)
        chosen.append(best)
    return sorted(chosen, key=lambda frame: (frame.pts_ms, frame.frame_uri))


def _line(sentence: Sentence, words: dict[str, float]) -> Line:
    """A sentence with its content words: "Well, yes." has none, "The tides?" has where tides come back."""
    text = clean_text(sentence.text)
    short = sentence.last - sentence.first < FILLER_WORDS and sentence.language not in UNSPACED
    said = any(map(str.isdigit, text)) or not short or max(words.values(), default=0.0) >= TOPIC_WORTH
    return Line(text, words if said else {})


def _excerpt(segment: Segment, lines: Sequence[tuple[Sentence, Line]], tokens: int) -> Excerpt:
    before, own, after = [], [], []
    for sentence, line in lines:
        middle_ms = (sentence.start_ms + sentence.end_ms) / 2
        if segment.start_ms <= middle_ms < segment.end_ms:
            own.append(line)
        elif segment.start_ms - AROUND_MS <= middle_ms < segment.start_ms:
            before.append(line)
        elif segment.end_ms <= middle_ms < segment.end_ms + AROUND_MS:
            after.append(line)
    return compressed(before, own, after, tokens)


__all__ = ["AROUND_MS", "PICTURES", "Moment", "lines_of", "moments_of", "shown_frames"]
