"""Words as they are written: the recogniser's pieces put together where nothing parts them.

The tokenizer ends a word at each punctuation mark, so "aujourd'hui", "3.5", "e-mail" and "U.S." come in pieces. The
only sign of a new word is the blank before it. Languages that are written without blanks keep their pieces, and the
blanks that there are: around Latin names, between the phrases of Thai.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from processors.languages import UNSPACED


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text with its time.

    Args:
        text: with the blank before it, where it begins a word.
        start_s, end_s: in seconds; may be of no length.
        probability: mean over its tokens, 0..1.
        tokens: how many, >= 1.
    """

    text: str
    start_s: float
    end_s: float
    probability: float
    tokens: int


def whole_words(pieces: Iterable[Piece], language: str) -> list[Piece]:
    """Put pieces together to words.

    Args:
        pieces: in the order of the text.
        language: ISO 639 code.

    Returns:
        Words without blanks around them, none of them empty; a word's probability is the mean over its tokens. Joined
        by blanks they are the text. In languages without blanks a piece may begin with one; joined by nothing they are
        the text.
    """
    words: list[Piece] = []
    for piece in pieces:
        text = piece.text.strip()
        if not text:
            continue
        if language in UNSPACED and words and piece.text[0].isspace():
            text = f" {text}"
        begins = piece.text[0].isspace() or language in UNSPACED or not words
        if begins:
            words.append(Piece(text, piece.start_s, piece.end_s, piece.probability, piece.tokens))
            continue
        last = words[-1]
        tokens = last.tokens + piece.tokens
        words[-1] = Piece(
            last.text + text,
            last.start_s,
            max(last.end_s, piece.end_s),
            (last.probability * last.tokens + piece.probability * piece.tokens) / tokens,
            tokens,
        )
    return words


__all__ = ["Piece", "whole_words"]
