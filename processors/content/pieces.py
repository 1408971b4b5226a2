"""Text into the pieces of a sentencepiece model, which is read here.

The file is a protocol buffer (sentencepiece_model.proto): field 1 of the message is a piece with its text (1) and its
log probability (2), repeated; field 3 is the normaliser, whose field 2 is the table by which characters are brought to
one form (the tokenizers library applies it). Text is cut as the reference does: the likeliest pieces under a unigram
language model, found by Viterbi's algorithm (Kudo 2018).
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from processors.errors import ModelUnavailable

UNKNOWN: Final = 0  # ids in the models of this kind: unknown, begin, end
BEGIN: Final = 1
END: Final = 2
BLANK: Final = "▁"

_UNKNOWN_PENALTY: Final = 10.0  # below the rarest piece, as in the reference
_KEPT_WORDS: Final = 20_000  # different words of some hours of speech

_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_FIXED32: Final = 5


class Pieces:
    """Cuts text into pieces.

    Args:
        path: of the model's file.

    Raises:
        ModelUnavailable: it is no sentencepiece model.
    """

    def __init__(self, path: Path) -> None:
        from tokenizers import normalizers

        vocabulary, table = _read(path)
        self._one_form = normalizers.Precompiled(table)
        # some 20 MB; as a tokenizer of that library the same vocabulary takes 130
        self._ids = {text: number for number, (text, _) in enumerate(vocabulary)}
        self._scores = array("f", [score for _, score in vocabulary])
        self._longest = max(map(len, self._ids))
        self._unknown = min(self._scores) - _UNKNOWN_PENALTY
        self._cut = lru_cache(maxsize=_KEPT_WORDS)(self._best_cut)

    def ids(self, text: str) -> list[int]:
        """The pieces of a text, without begin and end; none of an empty one."""
        # no piece of such a model reaches over a blank, so each word is cut by itself, and words come again
        return [piece for word in self._one_form.normalize_str(text).split() for piece in self._cut(BLANK + word)]

    def log_probability(self, word: str) -> float:
        """How common a word is in the texts that the model was made from: that of its pieces, <= 0."""
        cut = self._cut(BLANK + self._one_form.normalize_str(word).strip())
        return sum(self._scores[piece] if piece != UNKNOWN else self._unknown for piece in cut)

    def _best_cut(self, word: str) -> tuple[int, ...]:
        """The likeliest pieces of a word with the blank before it; a character without a piece is unknown."""
        best = [0.0] + [-math.inf] * len(word)
        last: list[tuple[int, int]] = [(0, UNKNOWN)] * (len(word) + 1)
        for start in range(len(word)):
            so_far = best[start]
            single = False
            for end in range(start + 1, min(start + self._longest, len(word)) + 1):
                piece = self._ids.get(word[start:end])
                if piece is None:
                    continue
                single |= end == start + 1
                if (score := so_far + self._scores[piece]) > best[end]:
                    best[end], last[end] = score, (start, piece)
            if not single and (score := so_far + self._unknown) > best[start + 1]:
                best[start + 1], last[start + 1] = score, (start, UNKNOWN)
        pieces: list[int] = []
        end = len(word)
        while end:
            end, piece = last[end]
            pieces.append(piece)
        return tuple(reversed(pieces))


def _read(path: Path) -> tuple[list[tuple[str, float]], bytes]:
    vocabulary: list[tuple[str, float]] = []
    table = b""
    try:
        for number, value in _fields(path.read_bytes()):
            if number == 1:
                piece = dict(_fields(value))
                vocabulary.append((piece[1].decode(), struct.unpack("<f", piece.get(2, bytes(4)))[0]))
            elif number == 3:
                table = dict(_fields(value)).get(2, b"")
    except (KeyError, IndexError, ValueError, struct.error) as error:
        raise ModelUnavailable(f"{path} is no sentencepiece model: {error!r}.") from error
    if len(vocabulary) <= END or not table:
        raise ModelUnavailable(f"{path} is no sentencepiece model: it lacks pieces or the table of characters.")
    return vocabulary, table


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbers and raw values of a message's fields, without those that are plain numbers."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            _, position = _varint(message, position)
            continue
        if kind == _BYTES:
            length, position = _varint(message, position)
        elif kind in (_FIXED32, _FIXED64):
            length = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"a field of kind {kind}")
        if position + length > len(message):
            raise ValueError("it ends in the middle")
        yield number, message[position : position + length]
        position += length


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


__all__ = ["BEGIN", "BLANK", "END", "UNKNOWN", "Pieces"]
