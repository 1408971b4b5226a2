"""One chosen segment with what was heard and seen in it: what its texts and suggestions are made from."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from processors.domain import Document, FrameAnalysis, Scene, Segment, Topic, Utterance
from processors.segments.material import Material
from processors.segments.sentences import Sentence, split_sentences
from processors.segments.signals.substance import content_worth
from processors.segments.words import Token, tokens_of
from processors.timeline import overlap_ms


@dataclass(frozen=True, slots=True)
class Passage:
    """A segment and its material.

    Args:
        segment: as ranked.
        tokens: words that lie wholly inside.
        sentences: those that lie wholly inside; positions of their words are those of the video.
        utterances: those that it shares time with.
        frames: inside.
        scenes: of shots that it shares time with.
        topics: that it shares time with.
    """

    segment: Segment
    tokens: Sequence[Token]
    sentences: Sequence[Sentence]
    utterances: Sequence[Utterance]
    frames: Sequence[FrameAnalysis]
    scenes: Sequence[Scene]
    topics: Sequence[Topic]

    @property
    def length_ms(self) -> int:
        """Of the segment, > 0."""
        return self.segment.end_ms - self.segment.start_ms

    @property
    def language(self) -> str:
        """The language in which most is said; empty without words."""
        spoken: dict[str, int] = {}
        for token in self.tokens:
            spoken[token.language] = spoken.get(token.language, 0) + token.end_ms - token.start_ms
        return min(spoken, key=lambda language: (-spoken[language], language), default="")

    @property
    def speech(self) -> float:
        """Share of it in which somebody speaks, 0..1: words with the short pauses between them."""
        spans = [(each.start_ms, each.end_ms) for each in self.utterances]
        span = (self.segment.start_ms, self.segment.end_ms)
        spoken, reached = 0, span[0]
        for start_ms, end_ms in sorted(spans):
            spoken += overlap_ms((max(start_ms, reached), max(end_ms, reached)), span)
            reached = max(reached, end_ms)
        return min(1.0, spoken / self.length_ms)


@dataclass(frozen=True, slots=True)
class Video:
    """The material of a whole video, prepared once for all of its segments.

    Args:
        document: of the ranking, with its topics.
        material: words and sentences of it.
        worth: of each word, see `signals.substance.content_worth`.
    """

    document: Document
    material: Material
    worth: list[float]

    @classmethod
    def of(cls, document: Document, duration_ms: int) -> Video:
        """Prepare a video."""
        tokens = tokens_of(document.transcript, duration_ms)
        material = Material.of(document, tokens, split_sentences(tokens), duration_ms)
        return cls(document, material, content_worth(material)[0])

    def passage(self, segment: Segment) -> Passage:
        """What lies in a segment."""
        span = (segment.start_ms, segment.end_ms)
        tokens, document = self.material.tokens, self.document
        low = bisect_left(tokens, span[0], key=lambda token: token.start_ms)
        high = bisect_left(tokens, span[1], low, key=lambda token: token.start_ms)
        return Passage(
            segment=segment,
            tokens=[token for token in tokens[low:high] if token.end_ms <= span[1]],
            sentences=[each for each in self.material.sentences if span[0] <= each.start_ms and each.end_ms <= span[1]],
            utterances=[each for each in document.transcript if overlap_ms((each.start_ms, each.end_ms), span)],
            frames=[frame for frame in document.frames if span[0] <= frame.pts_ms < span[1]],
            scenes=[scene for scene in document.scenes if overlap_ms((scene.start_ms, scene.end_ms), span)],
            topics=[topic for topic in document.topics if overlap_ms((topic.start_ms, topic.end_ms), span)],
        )


__all__ = ["Passage", "Video"]
