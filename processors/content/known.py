"""What the content parts of a video know, looked up by sentence; only what none of them has is computed.

A chunk is understood by itself, so at its ends a sentence may be parted, and what counts as the end of one is judged by
the chunk's own punctuation: such sentences are understood anew, the others are found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from processors.content.embedding import DIMENSIONS, encoder
from processors.content.phrases import Language
from processors.content.understanding import understand
from processors.content.vectors import Vectors, decoded
from processors.domain import ChunkContent, SentenceFacts
from processors.segments.sentences import Sentence

if TYPE_CHECKING:
    from processors.segments.parts import Parts
    from processors.tools import Tools


class Known:
    """Facts of sentences by their text and language.

    Args:
        contents: parts of a video, any order.
    """

    def __init__(self, contents: Sequence[ChunkContent]) -> None:
        self._facts = {(facts.text, facts.language): facts for part in contents for facts in part.sentences}

    def __len__(self) -> int:
        return len(self._facts)

    def find(self, sentence: Sentence) -> SentenceFacts | None:
        """The facts of a sentence with its times, or None."""
        facts = self._facts.get((sentence.text, sentence.language))
        return None if facts is None else replace(facts, start_ms=sentence.start_ms, end_ms=sentence.end_ms)


def facts_of(sentences: Sequence[Sentence], known: Known, language: Callable[[], Language]) -> list[SentenceFacts]:
    """The facts of sentences: those that are known, and the others computed.

    Args:
        sentences: however they were split.
        known: what the content parts have.
        language: gives the sentence encoder; asked for only where a sentence is not known.
    """
    found = [known.find(sentence) for sentence in sentences]
    absent = [sentence for sentence, facts in zip(sentences, found, strict=True) if facts is None]
    computed = iter(understand(absent, language()) if absent else ())
    return [facts if facts is not None else next(computed) for facts in found]


def meaning_of(parts: Parts, sentences: Sequence[Sentence], tools: Tools) -> list[SentenceFacts]:
    """The facts of sentences: those that the content parts have, and the others computed.

    Args:
        parts: of the video.
        sentences: of its transcript, however it was split.
        tools: the model store.

    Returns:
        One for each sentence, in their order; the same whichever parts there are.

    Raises:
        ModelUnavailable: a sentence is not known, and the sentence encoder cannot be had.
    """
    return facts_of(sentences, Known(parts.contents), lambda: encoder(tools))


def embedding_of(parts: Parts, tools: Tools) -> Callable[[Sequence[Sentence]], Vectors]:
    """What embeds the sentences of a video: float32 of shape (sentences, `DIMENSIONS`); see `meaning_of`."""
    return lambda sentences: decoded([facts.vector for facts in meaning_of(parts, sentences, tools)], DIMENSIONS)


__all__ = ["Known", "embedding_of", "facts_of", "meaning_of"]
