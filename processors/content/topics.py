"""Topics of a transcript: boundaries, key phrases and a category for each; and the topics of a segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from processors.content.categories import Categories
from processors.content.embedding import SentenceEncoder, encoder
from processors.content.known import Remembered
from processors.content.phrases import key_phrases, words_of
from processors.content.segmentation import MAX_WORDS, topic_starts
from processors.domain import Segment, Topic, Utterance
from processors.segments.sentences import split_sentences
from processors.segments.words import tokens_of

if TYPE_CHECKING:
    from processors.segments.rank import Ranking
    from processors.tools import Tools

# Of all topics that a segment touches; more say nothing in a list.
MAX_OF_SEGMENT: Final = 10


@dataclass(frozen=True, slots=True)
class TopicFinder:
    """Finds topics.

    Args:
        language: the sentence encoder.
        categories: to choose from.
    """

    language: SentenceEncoder | Remembered
    categories: Categories

    def topics(self, transcript: list[Utterance]) -> list[Topic]:
        """The topics of a transcript.

        Args:
            transcript: utterances in time order.

        Returns:
            Topics in time order, each up to the start of the next, from the first word to the last; none without words.
        """
        tokens = tokens_of(transcript)
        sentences = split_sentences(tokens)
        spoken = [tokens[sentence.first : sentence.last + 1] for sentence in sentences]
        if not spoken:
            return []
        language = self.language
        known = language if isinstance(language, Remembered) else Remembered((), lambda: language)
        vectors = known.understand(sentences)
        words = [words_of(said) for said in spoken]
        starts = topic_starts(vectors, words)
        phrases = key_phrases(spoken, starts, vectors, known)
        found = []
        for (start, end), telling in zip(pairwise([*starts, len(spoken)]), phrases, strict=True):
            weights = [min(len(said), MAX_WORDS) + 1 for said in words[start:end]]
            category, confidence = self.categories.classify(vectors[start:end], weights)
            end_ms = spoken[end][0].start_ms if end < len(spoken) else tokens[-1].end_ms
            found.append(Topic(spoken[start][0].start_ms, end_ms, telling, category, confidence))
        return found


def with_topics(ranking: Ranking, tools: Tools, known: Remembered | None = None) -> Ranking:
    """A ranking whose document has topics, and whose segments have the key phrases of those that they touch.

    Args:
        ranking: of the parts.
        tools: the model store.
        known: the encoder of the video; the model's without it.

    Raises:
        ModelUnavailable: there are words, and the sentence encoder cannot be had.
    """
    if not ranking.document.transcript:
        return ranking
    found = finder(tools)
    topics = TopicFinder(known or found.language, found.categories).topics(ranking.document.transcript)
    segments = [replace(segment, topics=phrases_within(segment, topics)) for segment in ranking.segments]
    return replace(ranking, document=replace(ranking.document, topics=topics), segments=segments)


def phrases_within(segment: Segment, topics: Sequence[Topic]) -> list[str]:
    """The key phrases of the topics that a segment touches, those of the one that fills most of it first."""
    shared = [
        (min(segment.end_ms, topic.end_ms) - max(segment.start_ms, topic.start_ms), topic.start_ms, topic)
        for topic in topics
    ]
    touched = sorted((part for part in shared if part[0] > 0), key=lambda part: (-part[0], part[1]))
    return list(dict.fromkeys(phrase for _, _, topic in touched for phrase in topic.phrases))[:MAX_OF_SEGMENT]


def finder(tools: Tools) -> TopicFinder:
    """What finds topics, loaded once per process.

    Raises:
        ModelUnavailable: the sentence encoder cannot be had.
    """
    return _finder(encoder(tools), tuple(sorted(tools.categories.items())))


@lru_cache(maxsize=1)
def _finder(language: SentenceEncoder, categories: tuple[tuple[str, str], ...]) -> TopicFinder:
    return TopicFinder(language, Categories(dict(categories), language))


__all__ = ["TopicFinder", "finder", "phrases_within", "with_topics"]
