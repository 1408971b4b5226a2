"""What the content parts of a video know, looked up by sentence; only what none of them has is computed.

A chunk is understood by itself, so at its ends a sentence may be parted, and what counts as the end of one is judged by
the chunk's own punctuation: such sentences are understood anew, the others are found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

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

    def add(self, found: Sequence[SentenceFacts]) -> None:
        """Keep what was computed."""
        self._facts.update({(facts.text, facts.language): facts for facts in found})

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


class Remembered:
    """The sentence encoder of one video: what the content parts know is not computed, and nothing is computed twice.

    Args:
        contents: parts of the video, any order.
        language: gives the encoder; asked for only where something is not known.
    """

    def __init__(self, contents: Sequence[ChunkContent], language: Callable[[], Language]) -> None:
        self._known = Known(contents)
        self._language = cache(language)
        self._vectors: dict[str, Vectors] = {}
        self._common: dict[str, float] = {}

    @classmethod
    def of(cls, parts: Parts, tools: Tools) -> Remembered:
        """Of the parts of a video."""
        return cls(parts.contents, lambda: encoder(tools))

    def understand(self, sentences: Sequence[Sentence]) -> Vectors:
        """The embedding of each sentence, float32 of shape (sentences, `DIMENSIONS`), rows of length 1.

        Raises:
            ModelUnavailable: a sentence is not known, and the sentence encoder cannot be had.
        """
        found = facts_of(sentences, self._known, self._language)
        self._known.add(found)
        vectors = decoded([facts.vector for facts in found], DIMENSIONS)
        self._vectors.update(zip([sentence.text for sentence in sentences], vectors, strict=True))
        return vectors

    def embed(self, sentences: Sequence[str]) -> Vectors:
        """See `Language`: of sentences that were understood, and of other texts."""
        new = list(dict.fromkeys(text for text in sentences if text not in self._vectors))
        if new:
            self._vectors.update(zip(new, self._language().embed(new), strict=True))
        found = [self._vectors[text] for text in sentences]
        return np.stack(found) if found else np.zeros((0, DIMENSIONS), dtype=np.float32)

    def log_probability(self, word: str) -> float:
        """See `Language`."""
        if word not in self._common:
            self._common[word] = self._language().log_probability(word)
        return self._common[word]


__all__ = ["Known", "Remembered", "facts_of", "meaning_of"]
