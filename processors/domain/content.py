"""What is understood of text: each sentence of a chunk by itself."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SentenceFacts:
    """A sentence, and what its own words tell. All but the times follows from text and language alone."""

    start_ms: int
    end_ms: int
    text: str
    language: str
    vector: str  # base64 of signed bytes: the sentence's embedding, its largest component 127
    sentiment: float  # -1 unpleasant .. 1 pleasant; 0 also where the language has no ratings
    intent: str  # "teach", "story", "opinion", "advise", "ask", "joke", "announce", "other"
    intent_probability: float
    hooks: list[str] = field(default_factory=list)  # "question", "address", "contrast", "strong", "number"
    names: list[str] = field(default_factory=list)  # named things, in the order in which they are said


@dataclass(frozen=True, slots=True)
class ChunkContent:
    """The sentences of one audio chunk; none where it has no words."""

    start_ms: int
    end_ms: int
    sentences: list[SentenceFacts]
