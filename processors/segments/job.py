"""The segmenter's job: parts blob in, ranking out, the long document stored as a blob of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

from processors.content.embedding import MODEL as SENTENCE_MODEL
from processors.content.known import Remembered
from processors.content.topics import with_topics
from processors.domain import BatchAnalysis, ChunkTranscript, Segment, VideoFacts
from processors.segments.finishing import finish
from processors.segments.lengths import fitted
from processors.segments.overall import none_because
from processors.segments.parts import Parts, dump_json
from processors.segments.platforms import rules_for
from processors.segments.rank import rank
from processors.speech.enrolment import enrolled
from processors.speech.tongues import left_out
from processors.tools import Tools

# A service may give each refusal a number of its own, so hundreds of reasons may be one.
_REASONS_SHOWN: Final = 5


def _stood_in(transcripts: list[ChunkTranscript]) -> list[str]:
    """What users should know of speech that the local model recognised although a service was to."""
    reasons = Counter(part.fallback for part in transcripts if part.fallback is not None)
    return _counted("speech: the local model did", "parts", reasons, len(transcripts))


def _frames_stood_in(batches: list[BatchAnalysis]) -> list[str]:
    """What users should know of pictures that only the local models described although a service was to."""
    frames = [frame for batch in batches for frame in batch.frames]
    reasons = Counter(frame.reason for frame in frames if frame.reason is not None)
    return _counted("pictures: the local models did", "frames", reasons, len(frames))


def _counted(who: str, what: str, reasons: Counter[str], total: int) -> list[str]:
    """The commonest reasons, each with how often it was met, and how many others there were."""
    shown = sorted(reasons, key=lambda reason: (-reasons[reason], reason))[:_REASONS_SHOWN]
    notes = [f"{who} {reasons[reason]} of {total} {what}. {reason}" for reason in sorted(shown)]
    others = sum(reasons.values()) - sum(reasons[reason] for reason in shown)
    return [*notes, f"{who} {others} more {what}, for other reasons"] if others else notes


def _left_out(transcripts: list[ChunkTranscript]) -> list[str]:
    """What users should know of speech in languages that the settings leave out."""
    tongues = Counter(
        language for part in transcripts for text in part.dropped if (language := left_out(text.reason)) is not None
    )
    return [
        f"speech: {count} of {len(transcripts)} parts are in {language} and have no text, since CLIPSTREAM_LANGUAGES "
        "does not name that language"
        for language, count in sorted(tongues.items())
    ]


@dataclass(frozen=True, slots=True)
class Ranked:
    """What the segmenter publishes of a ranking; the document is in the blob store.

    Attributes:
        notes: what a user should know about what was not found ("no speech").
        models: names of the models whose words, labels and topics are in it, sorted.
        costs_usd: by stage, of those whose parts cost something.
        suggestions: what would make all of it better.
    """

    facts: VideoFacts | None
    duration_ms: int
    languages: list[str]
    confidence: float
    segments: list[Segment]
    notes: list[str]
    models: list[str]
    cost_usd: float
    document_uri: str
    costs_usd: dict[str, float] = field(default_factory=dict)
    suggestions: list[str] = field(default_factory=list)


def rank_parts(parts_uri: str, until_ms: int | None, tools: Tools) -> Ranked:
    """Rank the parts of a video.

    Args:
        parts_uri: blob with `Parts` as JSON.
        until_ms: provisional: only what lies before is ranked.
        tools: the blob store; the model store for the sentence encoder; platforms of the file of one's own.

    Raises:
        InvalidMessage: the blob is not there or no parts, or its options name a platform or signal that nobody knows.
        ModelUnavailable: there are words, and the sentence encoder cannot be had.
    """
    parts = Parts.from_json(tools.blobs.get(parts_uri))
    rules = rules_for(parts.options.platforms, tools.platforms)
    parts = replace(parts, options=fitted(parts.options, rules))
    people = enrolled(tools)
    language = Remembered.of(parts, tools)
    ranking = with_topics(rank(parts, until_ms, people.prints, language.understand), tools, language)
    segments, suggestions = finish(
        ranking, parts.facts, parts.options, tools.platforms, language if ranking.document.topics else None
    )
    if until_ms is not None:  # they are about all of the video, of which only this much is known
        suggestions = []
    models = {spoken.model for spoken in parts.transcripts if spoken.utterances}
    models |= {frame.model for batch in parts.batches for frame in batch.frames}
    models |= {SENTENCE_MODEL} if ranking.document.topics else set()
    costs = {
        "transcriber": round(sum(part.cost_usd for part in parts.transcripts), 6),
        "vision": round(sum(batch.cost_usd for batch in parts.batches), 6),
    }
    return Ranked(
        facts=parts.facts,
        duration_ms=ranking.duration_ms,
        languages=ranking.languages,
        confidence=ranking.confidence,
        segments=segments,
        notes=[
            *ranking.missing,
            *none_because(ranking.duration_ms, segments, ranking.document),
            *_left_out(parts.transcripts),
            *_stood_in(parts.transcripts),
            *_frames_stood_in(parts.batches),
            *people.faults,
        ],
        models=sorted(models),
        cost_usd=round(
            sum(batch.cost_usd for batch in parts.batches) + sum(part.cost_usd for part in parts.transcripts), 6
        ),
        document_uri=tools.blobs.put(dump_json(ranking.document)),
        costs_usd={stage: cost for stage, cost in costs.items() if cost > 0.0},
        suggestions=suggestions,
    )
