"""Answers found by meaning: a moment with nearly the same words as one that was asked about before shares its answer.

An index beside the kept answers: the vector of a moment's words, and the digest under which its answer lies. One index
for each model, version of the prompt, language and set of limits, since an answer to other ones is none here; as one
entry of the result cache, so it lives in the same tiers and goes with the same `gc`. It has at most `MOST` moments,
the newest, which bounds its size (0.7 MB) and what a look-up takes (a product of that many vectors).

Two children that add at the same moment may lose one of both entries. The answer itself is not lost, and a moment that
is not found is asked about.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from processors.cache import ResultCache

MOST: Final = 500  # moments: fifty videos of ten segments
_STAGE: Final = "meanings"
_VERSION: Final = 1  # of the form of the index
# Floats of 16 bits change a cosine by less than 0.001.
_STORED: Final = np.float16

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Makes vectors of length 1 out of texts, whose cosine says how alike they are in meaning."""

    def embed(self, sentences: Sequence[str]) -> Vectors:
        """Vectors of shape (texts, dimensions)."""
        ...


@dataclass(frozen=True, slots=True)
class _Entry:
    shown: str
    vector: Vectors


class Meanings:
    """The index of one kind of question.

    Args:
        cache: holds it.
        encoder: makes the vectors.
        scope: all that must be the same for an answer to be shared: model, prompt, language, limits; and the encoder.
        same: least cosine of moments that share an answer.
    """

    def __init__(self, cache: ResultCache, encoder: Encoder, scope: Sequence[str], same: float) -> None:
        self._cache, self._encoder, self._same = cache, encoder, same
        self._key = hashlib.sha256(orjson.dumps([_STAGE, _VERSION, *scope])).hexdigest()

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Of texts."""
        return self._encoder.embed(texts)

    def near(self, vector: Vectors) -> list[str]:
        """Digests of moments that are alike enough, the most alike first; of equal ones the smaller digest."""
        entries = self._load(len(vector))
        if not entries:
            return []
        cosines = np.stack([entry.vector for entry in entries]) @ vector
        # to 4 digits: what else is embedded with a text changes the seventh
        near = [(round(float(cosine), 4), entry.shown) for cosine, entry in zip(cosines, entries, strict=True)]
        return [shown for _, shown in sorted((-cosine, shown) for cosine, shown in near if cosine >= self._same)]

    def add(self, moments: Sequence[tuple[str, Vectors]]) -> None:
        """Add moments that were answered, by digest; the oldest ones make room."""
        if not moments:
            return
        entries = {entry.shown: entry for entry in self._load(len(moments[0][1]))}
        for shown, vector in moments:
            entries.pop(shown, None)
            entries[shown] = _Entry(shown, vector)
        kept = list(entries.values())[-MOST:]
        body = [[entry.shown, base64.b64encode(entry.vector.astype(_STORED).tobytes()).decode()] for entry in kept]
        self._cache.put(_STAGE, self._key, [orjson.dumps(body)])

    def _load(self, dimensions: int) -> list[_Entry]:
        entries: list[_Entry] = []
        for body in self._cache.get(_STAGE, self._key) or []:
            try:
                for shown, packed in orjson.loads(body)[:MOST]:
                    vector = np.frombuffer(base64.b64decode(packed, validate=True), _STORED).astype(np.float32)
                    entries.append(_Entry(str(shown), vector))
            except (ValueError, TypeError, KeyError, binascii.Error):  # of another form: as if it were not there
                return []
        return [entry for entry in entries if len(entry.vector) == dimensions]


__all__ = ["MOST", "Encoder", "Meanings", "Vectors"]
