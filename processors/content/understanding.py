"""What a sentence tells by its own words: its place in meaning, how pleasant it is, what it is for, hooks, names.

One pure function for two places: the content job, of the sentences of a chunk, and the segmenter, of those that no
content part has: sentences that the end of a chunk parts, and all of a part that failed. So a result does not depend on
who understood a sentence, and nothing but time is lost with a part.

That asks that a sentence has the same facts in any company. All but the times follows from text and language. Sentences
are embedded one by one: of 2,000 sentences of meetings embedded in batches every vector differed in its last digits
from the one that the sentence has alone, and 2 % even as signed bytes. It costs 2.6 ms a sentence instead of 1.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from processors.cancelling import check_wanted
from processors.content.embedding import DIMENSIONS, encoder
from processors.content.intent import intents
from processors.content.names import names_in
from processors.content.phrases import Language
from processors.content.vectors import decoded, encoded
from processors.domain import ChunkContent, ChunkTranscript, SentenceFacts
from processors.languages import UNSPACED
from processors.segments.lexicon import Lexicon, lexicon
from processors.segments.sentences import Sentence, split_sentences
from processors.segments.words import tokens_of
from processors.speech.sentiment import told

if TYPE_CHECKING:
    from processors.tools import Tools

# As `processors.segments.signals.hook` weighs them; a test keeps the two together.
HOOKS: Final = ("question", "address", "contrast", "strong", "number")
_QUESTION_MARKS: Final = "?？؟"
_TERMINAL_MARKS: Final = _QUESTION_MARKS + ".!。！…।۔"
_CLOSERS: Final = "\"'”’»)"
DECIMALS: Final = 4


def understand_chunk(chunk: ChunkTranscript, tools: Tools) -> ChunkContent:
    """The content job: what the sentences of a chunk tell.

    Raises:
        ModelUnavailable: there are words, and the sentence encoder cannot be had.
    """
    sentences = split_sentences(tokens_of(sorted(chunk.utterances, key=lambda said: (said.start_ms, said.end_ms))))
    found = understand(sentences, encoder(tools)) if sentences else []
    return ChunkContent(chunk.start_ms, chunk.end_ms, found)


def understand(sentences: Sequence[Sentence], language: Language) -> list[SentenceFacts]:
    """The facts of sentences, each as if it were alone.

    Args:
        sentences: of any languages.
        language: the sentence encoder.
    """
    return [_facts(sentence, language) for sentence in sentences]


def _facts(sentence: Sentence, language: Language) -> SentenceFacts:
    check_wanted()
    vector = vector_of(sentence.text, language)
    # of the vector as it is kept, which is all that others have of it
    ((intent, probability),) = intents(decoded([vector], DIMENSIONS))
    words = sentence.text.split()
    rated = told(words, sentence.language)
    return SentenceFacts(
        start_ms=sentence.start_ms,
        end_ms=sentence.end_ms,
        text=sentence.text,
        language=sentence.language,
        vector=vector,
        sentiment=round(rated.valence, DECIMALS) if rated is not None else 0.0,
        intent=intent,
        intent_probability=probability,
        hooks=hooks_in(words, sentence.language),
        names=names_in(words, sentence.language, language),
    )


def vector_of(text: str, language: Language) -> str:
    """The embedding of a sentence as it is kept."""
    return encoded(language.embed([text])[0])


def hooks_in(words: Sequence[str], language: str) -> list[str]:
    """The kinds of hooks in a sentence, in the order of `HOOKS`.

    Args:
        words: in order, with their punctuation.
        language: ISO 639 code.
    """
    listed = lexicon(language)
    # a contrast in the first word refers back instead of setting up
    found = {kind: any(listed.has(kind, word) for word in words) for kind in ("address", "strong")}
    behind = [word[1:] for word in words[:1]] if language in UNSPACED else words[1:]
    found["contrast"] = any(listed.has("contrast", word) for word in behind)
    found["number"] = any(listed.has("number", word) or any(map(str.isdigit, word)) for word in words)
    found["question"] = bool(words) and _asks(words, listed)
    return [kind for kind in HOOKS if found[kind]]


def _asks(words: Sequence[str], listed: Lexicon) -> bool:
    """By the mark at its end; where the recogniser writes none, by its first word."""
    last = words[-1].rstrip(_CLOSERS)
    if last.endswith(tuple(_TERMINAL_MARKS)):
        return last.endswith(tuple(_QUESTION_MARKS))
    return listed.has("question", words[0])


__all__ = ["HOOKS", "hooks_in", "understand", "understand_chunk", "vector_of"]
