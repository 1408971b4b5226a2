"""Embeds the sentences of what `clipstream bench segments` ranks, as the content agent does, each text once."""

from __future__ import annotations

from collections.abc import Sequence

from processors.content.embedding import DIMENSIONS, MODEL, SentenceEncoder
from processors.content.understanding import vector_of
from processors.content.vectors import Vectors, decoded
from processors.models.store import ModelStore
from processors.segments.meaning import Understand
from processors.segments.sentences import Sentence


def embedder(models: ModelStore) -> Understand:
    """What embeds sentences.

    Raises:
        ModelUnavailable: the sentence encoder cannot be had.
    """
    encoder = SentenceEncoder(models.path(MODEL))
    known: dict[str, str] = {}

    def embed(sentences: Sequence[Sentence]) -> Vectors:
        for sentence in sentences:
            if sentence.text not in known:
                known[sentence.text] = vector_of(sentence.text, encoder)
        return decoded([known[sentence.text] for sentence in sentences], DIMENSIONS)

    return embed


__all__ = ["embedder"]
