"""Sentence embeddings in 16 languages: Google's Universal Sentence Encoder, multilingual, version 3, in plain numpy.

One sentence in any of Arabic, Chinese, Dutch, English, French, German, Italian, Japanese, Korean, Polish, Portuguese,
Russian, Spanish, Thai and Turkish becomes a vector of length 1; the cosine of two of them says how alike they are in
meaning, across languages too (Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval"; the
convolutional form). For each piece its embedding goes beside three stacks of two convolutions, over 2, 3 and 5 pieces;
all of it is normalised, summed over the sentence, projected, and passed through a small feed-forward network.

Why this one: the English all-MiniLM-L6-v2 (21 MB, without a tokenizer) knows only English; this has 16 languages in
32 MB and is quicker than a transformer, since it has no attention.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from processors.cancelling import check_wanted
from processors.content.pieces import BEGIN, END, UNKNOWN, Pieces
from processors.errors import ModelUnavailable

if TYPE_CHECKING:
    from processors.tools import Tools

Vectors = NDArray[np.float32]

MODEL: Final = "use-multilingual"
DIMENSIONS: Final = 512
# A sentence is at most 20 s of speech, some 80 pieces; what a hostile transcript has beyond this is not read.
MAX_PIECES: Final = 256
_MAX_CHARACTERS: Final = 16 * MAX_PIECES  # no piece is longer than 16 characters
# Pieces that are computed at once. 384 keep the work in the processor's cache; from there on it gets no quicker.
_BATCH_PIECES: Final = 384
_TABLES: Final = 17  # the table of pieces lies in the file in this many parts, piece i in part i mod 17
_WIDTH: Final = 256  # of a convolution
_CONVOLUTIONS: Final = ((2, 0), (3, 1), (5, 2))  # pieces it looks at, how many of them before the one in the middle
_NORMS: Final = ("ln_g", "ln_b")
_FARTHEST: Final = 2  # pieces before and after that the widest of them looks at


class SentenceEncoder:
    """Embeds sentences. Deterministic: the same list of sentences gives the same bytes on the same machine.

    Args:
        folder: with `sp.model` and `weights.npz`.

    Raises:
        ModelUnavailable: a file is not what it should be.
    """

    def __init__(self, folder: Path) -> None:
        self._pieces = Pieces(folder / "sp.model")
        self._table: NDArray[np.uint8]
        try:
            with np.load(folder / "weights.npz", allow_pickle=False) as stored:
                rows = len(stored["q1"])
                # 65 MB as bytes; as floats it would be 262
                self._table = np.empty((_TABLES * rows, DIMENSIONS), dtype=np.uint8)
                for part in range(_TABLES):
                    self._table[part::_TABLES] = stored[f"q{part + 1}"]
                self._weights = {name: stored[name] for name in stored.files if not name.startswith("q")}
        except (KeyError, ValueError, OSError) as error:
            raise ModelUnavailable(f"The weights in {folder} cannot be read: {error!r}.") from error

    def embed(self, sentences: Sequence[str]) -> Vectors:
        """Embed sentences.

        Args:
            sentences: of any language; an empty one has a vector too, which says nothing.

        Returns:
            float32 of shape (sentences, 512), each row of length 1.
        """
        vectors = np.zeros((len(sentences), DIMENSIONS), dtype=np.float32)
        batch: list[list[int]] = []
        first = count = 0
        for position, sentence in enumerate(sentences):
            ids = [BEGIN, *(self._pieces.ids(sentence[:_MAX_CHARACTERS]) or [UNKNOWN])[:MAX_PIECES], END]
            if batch and count + len(ids) > _BATCH_PIECES:
                vectors[first:position] = self._forward(batch)
                batch, first, count = [], position, 0
            batch.append(ids)
            count += len(ids)
        if batch:
            vectors[first:] = self._forward(batch)
        return vectors

    def log_probability(self, word: str) -> float:
        """How common a word is in text of all languages, <= 0: -4.9 for "the", -6.9 for "und", -11 for "football"."""
        return max(self._pieces.log_probability(spelt) for spelt in (word, word.lower()))

    def _forward(self, batch: list[list[int]]) -> Vectors:
        """The network over the pieces of all sentences in a row; no convolution reaches into another sentence."""
        check_wanted()
        weights = self._weights
        lengths = np.array([len(ids) for ids in batch])
        starts = np.cumsum(lengths) - lengths
        pieces = np.concatenate([np.array(ids) for ids in batch])
        part = pieces % _TABLES
        raw = self._table[pieces] * weights["scale"][part, None] + weights["lo"][part, None]
        around = _neighbours(starts, lengths)
        features = [raw]
        projected = [raw @ weights[f"proj{width}"] + weights[f"proj_b{width}"] for width, _ in _CONVOLUTIONS]
        gain, shift = (np.concatenate([weights[f"{name}{width}"] for width, _ in _CONVOLUTIONS]) for name in _NORMS)
        levelled = _normalised(np.concatenate(projected, axis=1), gain, shift, weights["eps"])
        for stack, (width, before) in enumerate(_CONVOLUTIONS):
            seen = around[:, _FARTHEST - before : _FARTHEST - before + width]
            first = levelled[:, stack * _WIDTH : (stack + 1) * _WIDTH]
            second = _convolved(first, seen, weights[f"w1_{width}"], weights[f"b1_{width}"])
            features.append(_convolved(second, seen, weights[f"w2_{width}"], weights[f"b2_{width}"]))
        combined = _normalised(np.concatenate(features, axis=1), weights["ln_g"], weights["ln_b"], weights["eps"])
        # sums first: the projection is linear, so it is needed once a sentence and not once a piece
        total = np.add.reduceat(combined, starts, axis=0) @ weights["cnn_W"] + lengths[:, None] * weights["cnn_b"]
        hidden: Vectors = (total / np.sqrt(lengths)[:, None]).astype(np.float32)
        low = np.maximum(hidden @ weights["d0"], 0)
        middle = np.maximum(low @ weights["d1"] + hidden @ weights["p1"], 0)
        high = np.maximum(middle @ weights["d2"], 0)
        out = np.tanh(high @ weights["d3"] + middle @ weights["p3"])
        norm = np.sqrt(np.maximum((out * out).sum(axis=1, keepdims=True), weights["eps"]))
        return np.asarray(out / norm, dtype=np.float32)


def encoder(tools: Tools) -> SentenceEncoder:
    """The encoder, loaded once per process.

    Raises:
        ModelUnavailable: it cannot be had.
    """
    return _load(tools.models.path(MODEL))


@lru_cache(maxsize=1)
def _load(folder: Path) -> SentenceEncoder:
    return SentenceEncoder(folder)


def _neighbours(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each piece the positions from two before to two after it; where the sentence ends, the row behind all."""
    count = int(lengths.sum())
    at = np.arange(count)[:, None] + np.arange(-_FARTHEST, _FARTHEST + 1)
    inside = (at >= np.repeat(starts, lengths)[:, None]) & (at < np.repeat(starts + lengths, lengths)[:, None])
    return np.where(inside, at, count)


def _convolved(values: Vectors, seen: NDArray[np.int64], kernel: Vectors, bias: Vectors) -> Vectors:
    """A convolution with rectifier and a way past it."""
    padded = np.concatenate([values, np.zeros((1, _WIDTH), dtype=np.float32)])
    gathered = padded[seen].reshape(len(values), -1)
    return np.asarray(np.maximum(gathered @ kernel + bias, 0) + values, dtype=np.float32)


def _normalised(values: Vectors, gain: Vectors, shift: Vectors, epsilon: float) -> Vectors:
    centred = values - values.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(axis=1, keepdims=True) + np.float32(epsilon))
    return np.asarray(centred / spread * gain + shift, dtype=np.float32)


__all__ = ["DIMENSIONS", "MODEL", "SentenceEncoder", "encoder"]
