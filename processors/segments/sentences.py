"""Sentences from timed words: the units that a segment may start and end with.

A sentence ends at a full stop, question or exclamation mark (of any script), unless the dot belongs to an
abbreviation, an initial, an ordinal or a decimal; at a change of language; and at a pause, which counts as soon as
it is long (`PAUSE_MS`) where the recogniser writes no punctuation, and only when it is very long (`BREAK_MS`) where it
does, since speakers also pause inside sentences. What is still too long is cut at its best inner pause and marked, so
that candidates can avoid such edges. The rules follow the usual ones for boundary disambiguation (Palmer and Hearst
1997: abbreviations, case of the next word), with pauses added as speech offers them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from processors.segments.lexicon import EDGE_PUNCTUATION, Lexicon, bare_word, lexicon
from processors.segments.words import Token, text_of

# A pause that ends a sentence where punctuation is missing; pauses for breath inside a phrase are mostly shorter.
PAUSE_MS: Final = 700
# A pause that ends a sentence although the text has punctuation elsewhere and none here.
BREAK_MS: Final = 2_000
# The longest sentence: 50 words at 150 a minute. Longer ones are run-ons of the recogniser.
MAX_SENTENCE_MS: Final = 20_000
# A transcript with fewer terminal marks than one in so many words counts as unpunctuated: written sentences have
# 15 to 20 words, so three missing in a row already point to a recogniser without punctuation.
WORDS_PER_MARK: Final = 60

_CLOSERS: Final = "\"'”’»›)]}）」』】*"
_OPENERS: Final = "\"'“‘„«‹([{（「『【-–—*"
_MARKS: Final = "?!。？！؟।｡۔։።"
_CLAUSE_MARKS: Final = ",;:，、；：،"


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words that belong together.

    Args:
        first, last: positions of its words among the tokens, both inclusive.
        start_ms, end_ms: of these words.
        text: as written.
        language: of its first word.
        opens: whether it starts where a sentence starts, not in the middle of one.
        closes: whether it ends where a sentence ends.
    """

    first: int
    last: int
    start_ms: int
    end_ms: int
    text: str
    language: str
    opens: bool
    closes: bool


def split_sentences(tokens: list[Token], max_ms: int = MAX_SENTENCE_MS) -> list[Sentence]:
    """Group words into sentences.

    Args:
        tokens: on the clean timeline of `words.tokens_of`.
        max_ms: longest sentence in milliseconds, > 0; only a single word may be longer.

    Returns:
        Sentences in order; each word is in exactly one.

    Raises:
        ValueError: `max_ms` is not positive.
    """
    if max_ms <= 0:
        raise ValueError(f"max_ms must be positive, got {max_ms}")
    if not tokens:
        return []
    style = _Style.of(tokens)
    sentences: list[Sentence] = []
    first, opens = 0, True
    for last, token in enumerate(tokens):
        following = tokens[last + 1] if last + 1 < len(tokens) else None
        edge = None if following is None else style.edge(token, following)
        if edge is None and following is not None:
            continue
        closes = edge.closes if edge else style.closes_at_end(token)
        sentences += _pieces(tokens, first, last, opens, closes, max_ms)
        first, opens = last + 1, edge.opens if edge else True
    return sentences


def clause_ends(text: str) -> bool:
    """Whether a word ends a clause: comma, semicolon, colon or the like."""
    return text.rstrip(_CLOSERS)[-1:] in tuple(_CLAUSE_MARKS)


def sentence_ends(token: Token, following: Token, case_matters: bool = True) -> bool:
    """Whether the punctuation of a word ends a sentence, seen with the word after it."""
    core = token.text.rstrip(_CLOSERS)
    mark = core[-1:]
    if not mark or mark not in _MARKS + ".…":
        return False
    start = following.text.lstrip(_OPENERS)[:1]
    continues = case_matters and start.islower() and following.start_ms - token.end_ms < PAUSE_MS
    if mark == "…" or core.endswith(("...", "..")):
        return start in ("¿", "¡") or start.isupper() or not (start.isalpha() and continues)
    if mark != ".":
        return not continues
    if continues:
        return False
    return _dot_ends(core[:-1], token, following, start, lexicon(token.language))


@dataclass(frozen=True, slots=True)
class _Edge:
    closes: bool
    opens: bool


@dataclass(frozen=True, slots=True)
class _Style:
    """How the recogniser writes: whether capitals and marks mean anything, by language."""

    case_matters: bool
    punctuated: frozenset[str]

    @classmethod
    def of(cls, tokens: list[Token]) -> _Style:
        words, marks = Counter[str](), Counter[str]()
        lower = upper = 0
        for token, following in pairwise(tokens):
            words[token.language] += 1
            if token.text.rstrip(_CLOSERS)[-1:] in tuple(_MARKS + "."):
                marks[token.language] += 1
                start = following.text.lstrip(_OPENERS + "¿¡")[:1]
                lower, upper = lower + start.islower(), upper + start.isupper()
        words[tokens[-1].language] += 1
        marks[tokens[-1].language] += tokens[-1].text.rstrip(_CLOSERS)[-1:] in tuple(_MARKS + ".…")
        return cls(
            case_matters=upper >= lower,
            punctuated=frozenset(name for name, count in words.items() if marks[name] * WORDS_PER_MARK >= count),
        )

    def edge(self, token: Token, following: Token) -> _Edge | None:
        """What lies between two words: None inside a sentence."""
        if sentence_ends(token, following, self.case_matters):
            return _Edge(closes=True, opens=True)
        punctuated = token.language in self.punctuated
        if token.language != following.language:
            return _Edge(closes=not punctuated, opens=True)
        pause_ms = following.start_ms - token.end_ms
        start = following.text.lstrip(_OPENERS + "¿¡")[:1]
        if pause_ms >= BREAK_MS:
            return _Edge(closes=not punctuated, opens=not (punctuated and self.case_matters and start.islower()))
        if pause_ms < PAUSE_MS:
            return None
        if not punctuated:
            return _Edge(closes=True, opens=True)
        # the recogniser began anew after a pause and wrote a capital: it heard a new sentence
        anew = token.utterance != following.utterance and not clause_ends(token.text)
        if anew and self.case_matters and start.isupper():
            return _Edge(closes=True, opens=True)
        return None

    def closes_at_end(self, token: Token) -> bool:
        """Whether the last word of all ends a sentence."""
        return token.language not in self.punctuated or token.text.rstrip(_CLOSERS)[-1:] in tuple(_MARKS + ".…")


def _dot_ends(stem: str, token: Token, following: Token, start: str, words: Lexicon) -> bool:
    paused = following.start_ms - token.end_ms >= PAUSE_MS
    key = stem.lstrip(_OPENERS + "¿¡").replace("’", "'").lower()
    if key[-1:].isdigit() and following.lead == "" and start.isdigit():
        return False  # "3." "5": a decimal in two words
    if words.ordinal_dot and key.isdigit() and len(key) <= 2 and not paused:
        return False  # "am 3. Oktober"
    if key in words.never:
        return paused
    if key in words.maybe or "." in key.strip(EDGE_PUNCTUATION):
        return paused or start.isupper()
    if len(key) == 1 and key.isalpha() and stem[-1:].isupper() and bare_word(stem) != "i":
        return paused  # an initial: "J. Kennedy"
    return True


def _pieces(tokens: list[Token], first: int, last: int, opens: bool, closes: bool, max_ms: int) -> list[Sentence]:
    """One sentence, or several where it is longer than `max_ms`: cut at clause marks and pauses near the middle."""
    pieces: list[Sentence] = []
    stack = [(first, last, opens, closes)]
    while stack:
        begin, end, clean_start, clean_end = stack.pop()
        start_ms, end_ms = tokens[begin].start_ms, tokens[end].end_ms
        if end_ms - start_ms <= max_ms or begin == end:
            text = text_of(tokens[begin : end + 1])
            pieces.append(Sentence(begin, end, start_ms, end_ms, text, tokens[begin].language, clean_start, clean_end))
            continue
        cut = _best_cut(tokens, begin, end)
        stack.append((cut + 1, end, False, clean_end))
        stack.append((begin, cut, clean_start, False))
    return pieces


def _best_cut(tokens: list[Token], begin: int, end: int) -> int:
    """The word after which to cut: in the middle half of the time, at a clause mark, then at the longest pause."""
    start_ms, end_ms = tokens[begin].start_ms, tokens[end].end_ms
    quarter_ms, middle_ms = (end_ms - start_ms) // 4, (start_ms + end_ms) // 2

    def worth(index: int) -> tuple[bool, bool, int, int]:
        at_ms = tokens[index].end_ms
        inside = start_ms + quarter_ms <= at_ms <= end_ms - quarter_ms
        return inside, clause_ends(tokens[index].text), tokens[index + 1].start_ms - at_ms, -abs(at_ms - middle_ms)

    return max(range(begin, end), key=worth)


__all__ = ["BREAK_MS", "MAX_SENTENCE_MS", "PAUSE_MS", "Sentence", "clause_ends", "sentence_ends", "split_sentences"]
