"""From parts to what is ranked: document, words, sentences, their meaning, and the candidate windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from processors.domain import Document, Shot
from processors.options import DEFAULT_MAX_SEGMENT_MS
from processors.segments.candidates import Bounds, Window, candidates, longest_sentence_ms
from processors.segments.document import build_document, decoded_of, duration_of
from processors.segments.lexicon import bare_word
from processors.segments.material import Material
from processors.segments.meaning import Meaning, Understand
from processors.segments.parts import Parts
from processors.segments.sentences import MAX_SENTENCE_MS, PAUSE_MS, Sentence, split_sentences
from processors.segments.speakers import with_speakers
from processors.segments.words import Token, tokens_of
from processors.speech.voiceprint import Vectors

# Of a video of a minute a segment of 46 s is no choice; half a minute holds a complete thought.
LEAST_LONGEST_MS: Final = 30_000


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that is known of a video before anything is judged.

    Args:
        duration_ms: its length.
        document: with speakers, without the interest curve.
        material: what signals read.
        windows: the candidates, by start, then end.
    """

    duration_ms: int
    document: Document
    material: Material
    windows: list[Window]


def gather(
    parts: Parts,
    until_ms: int | None = None,
    voices: dict[str, Vectors] | None = None,
    understand: Understand | None = None,
) -> Gathered:
    """Gather it; the arguments are those of `processors.segments.rank.rank`."""
    options = parts.options
    decoded_ms = decoded_of(parts)
    known_ms = decoded_ms if until_ms is None else max(0, min(until_ms, decoded_ms))
    document = with_speakers(build_document(parts, until_ms), parts, until_ms, voices)
    tokens = tokens_of(document.transcript, known_ms)
    longest_ms = longest_sentence_ms(longest_of(options.max_segment_ms, duration_of(parts)), MAX_SENTENCE_MS)
    sentences = _finished(split_sentences(tokens, longest_ms), known_ms if known_ms < decoded_ms else None)
    material = Material.of(document, tokens, sentences, known_ms, meaning_of(tokens, sentences, understand))
    bounds = Bounds.of(options.min_segment_ms, longest_of(options.max_segment_ms, duration_of(parts)), known_ms)
    # frames without shots (their records are lost): as far as is known one continuous take
    shots = document.shots or [Shot(0, 0, known_ms)] * bool(material.frames)
    return Gathered(duration_of(parts), document, material, candidates(sentences, tokens, shots, bounds))


def longest_of(max_segment_ms: int, duration_ms: int) -> int:
    """How long segments of a video may be: where nobody asked for a length, a third of a short video at most."""
    if max_segment_ms != DEFAULT_MAX_SEGMENT_MS:
        return max_segment_ms
    return min(max_segment_ms, max(LEAST_LONGEST_MS, duration_ms // 3))


def meaning_of(tokens: list[Token], sentences: list[Sentence], understand: Understand | None) -> Meaning | None:
    """The meaning of sentences; None without any, or without anything that embeds them."""
    if understand is None or not sentences:
        return None
    words = [
        [word for token in tokens[sentence.first : sentence.last + 1] if (word := bare_word(token.text))]
        for sentence in sentences
    ]
    return Meaning.of(understand(sentences), words)


def _finished(sentences: list[Sentence], until_ms: int | None) -> list[Sentence]:
    """For a provisional result, without a last sentence that may still be going on; never without any."""
    if until_ms is None or len(sentences) < 2:
        return sentences
    last = sentences[-1]
    marked = last.text.rstrip("\"'”’»)").endswith((".", "?", "!", "…", "。", "？", "！"))
    return sentences if marked or until_ms - last.end_ms >= PAUSE_MS else sentences[:-1]


__all__ = ["Gathered", "gather", "longest_of", "meaning_of"]
