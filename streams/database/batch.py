"""From messages to ordered rows: pure, so that the same results give the same rows wherever and however often.

Of the results of one video in a batch the one with the highest (generation, revision, enriched) counts, as for every
reader of `segments`; a record without a value says that the video was erased, and what came before it counts no more.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from processors.content.embedding import DIMENSIONS
from processors.domain import Document, Segment, Utterance
from schemas.messages import ContentResultMessage, Segments
from streams.codec import to_wire
from streams.database.costs import cost_rows
from streams.database.tables import COSTS, SEGMENTS, SENTENCES, UTTERANCES, VIDEOS, Row, Table

# Fields of a segment that nobody asks the database for one by one.
_DETAILS: Final = ("reasons", "engagement", "modalities", "platforms", "insight", "suggestions")


ALL_GENERATIONS: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Erased:
    """Nothing is to be kept of a video."""

    video_id: str
    until: int = ALL_GENERATIONS  # the last generation that is erased


Message = Segments | ContentResultMessage | Erased
ContentKey = tuple[str, int, int]  # video, generation, chunk


@dataclass(frozen=True, slots=True)
class Plan:
    """What a batch comes to."""

    erased: dict[str, int]  # by video, sorted: up to which generation; before all else
    results: dict[str, Segments]  # by video, sorted
    contents: dict[ContentKey, ContentResultMessage]  # sorted

    @property
    def video_ids(self) -> list[str]:
        """All videos that it touches, sorted."""
        return sorted({*self.erased, *self.results, *(video_id for video_id, _, _ in self.contents)})


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows by table, each list sorted by its key."""

    videos: list[Row] = field(default_factory=list)
    segments: list[Row] = field(default_factory=list)
    utterances: list[Row] = field(default_factory=list)
    costs: list[Row] = field(default_factory=list)
    sentences: list[Row] = field(default_factory=list)

    def add(self, other: Rows) -> None:
        """Take the rows of another one."""
        for table, rows in self.by_table():
            rows.extend(getattr(other, table.name))

    def sort(self) -> None:
        """Set all rows in the order in which every sink writes them, so that no two wait for each other."""
        for table, rows in self.by_table():
            rows.sort(key=lambda row, key=table.key: row[:key])  # type: ignore[misc]

    def by_table(self) -> list[tuple[Table, list[Row]]]:
        """Each table with its rows."""
        return [
            (VIDEOS, self.videos),
            (SEGMENTS, self.segments),
            (UTTERANCES, self.utterances),
            (COSTS, self.costs),
            (SENTENCES, self.sentences),
        ]

    def __len__(self) -> int:
        return sum(len(rows) for _, rows in self.by_table())


def plan(messages: Iterable[Message]) -> Plan:
    """What counts of messages, which are in the order of their partitions."""
    erased: dict[str, int] = {}
    results: dict[str, Segments] = {}
    contents: dict[ContentKey, ContentResultMessage] = {}
    for message in messages:
        if isinstance(message, Erased):
            erased[message.video_id] = max(message.until, erased.get(message.video_id, -1))
            if (told := results.get(message.video_id)) is not None and told.generation <= message.until:
                del results[message.video_id]
            # on another topic: what was said since may be read before
            contents = {
                key: one for key, one in contents.items() if key[0] != message.video_id or key[1] > message.until
            }
        elif isinstance(message, Segments):
            held = results.get(message.video_id)
            if held is None or held.order < message.order:
                results[message.video_id] = message
        elif message.item is not None:
            header = message.header
            contents[header.video_id, header.generation, header.index] = message
    newest: dict[str, int] = {}
    for video_id, generation, _ in contents:
        newest[video_id] = max(generation, newest.get(video_id, 0))
    counting = {key: one for key, one in sorted(contents.items()) if key[1] == newest[key[0]]}
    return Plan(dict(sorted(erased.items())), dict(sorted(results.items())), counting)


def result_rows(result: Segments, document: Document) -> Rows:
    """The rows of a result.

    Args:
        result: from the topic.
        document: its long part.
    """
    run = result.run
    video = (
        result.video_id,
        result.generation,
        result.revision,
        result.enriched,
        result.status,
        _text(result.error),
        _text(result.title),
        result.duration_ms,
        result.until_ms,
        result.confidence,
        _json(result.languages),
        _json(result.missing),
        _json(result.suggestions),
        _json(run.models),
        run.cost_usd,
        run.started_at_ms,
        run.finished_at_ms,
        result.request_digest,
        result.document_uri,
    )
    rows = Rows([video])
    rows.segments.extend(_segment_row(result, segment, document.transcript) for segment in result.segments)
    rows.utterances.extend(
        _utterance_row(result.video_id, position, said) for position, said in enumerate(document.transcript)
    )
    rows.costs.extend(cost_rows(result, document))
    rows.sort()
    return rows


def sentence_rows(content: ContentResultMessage) -> list[Row]:
    """The rows of what the content agent found of a chunk."""
    assert content.item is not None
    header = content.header
    return [
        (
            header.video_id,
            header.generation,
            header.index,
            position,
            facts.start_ms,
            facts.end_ms,
            facts.language,
            _text(facts.text),
            components(facts.vector),
        )
        for position, facts in enumerate(content.item.sentences)
    ]


def components(vector: str) -> list[int] | None:
    """The components of a vector as `processors.content.vectors` keeps them; None of one that says nothing."""
    raw = base64.b64decode(vector)
    if len(raw) != DIMENSIONS or not any(raw):
        return None  # of another model, or of an empty sentence: it has no direction
    return [byte - 256 if byte > 127 else byte for byte in raw]


def _segment_row(result: Segments, segment: Segment, said: Sequence[Utterance]) -> Row:
    wire = to_wire(segment)
    return (
        result.video_id,
        segment.segment_id,
        segment.rank,
        segment.start_ms,
        segment.end_ms,
        segment.score,
        segment.confidence,
        _language(result, segment, said),
        _text(segment.title),
        _text(segment.text),
        _text(segment.description),
        _json(segment.speakers),
        _json(segment.topics),
        _json(segment.hashtags),
        _json({name: wire[name] for name in _DETAILS}),
        segment.keyframe_uri,
    )


def _language(result: Segments, segment: Segment, said: Sequence[Utterance]) -> str:
    """The language that is spoken longest in a segment; of equal ones the first by its code."""
    spoken: dict[str, int] = {}
    for one in said:
        within = min(one.end_ms, segment.end_ms) - max(one.start_ms, segment.start_ms)
        if within > 0:
            spoken[one.language] = spoken.get(one.language, 0) + within
    if spoken:
        return min(spoken, key=lambda language: (-spoken[language], language))
    return result.languages[0] if result.languages else ""


def _utterance_row(video_id: str, position: int, said: Utterance) -> Row:
    return (
        video_id,
        position,
        said.start_ms,
        said.end_ms,
        _text(said.speaker),
        said.language,
        _text(said.text),
        said.overlapped,
    )


def _text(value: str | None) -> str | None:
    """A text without the one character that Postgres takes in none."""
    return value if value is None else value.replace("\0", "")


def _json(value: Any) -> str:
    """A value as JSON with sorted keys, likewise without that character, which would stand there as its escape."""
    return orjson.dumps(_clean(value), option=orjson.OPT_SORT_KEYS).decode()


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {_clean(name): _clean(inner) for name, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list) else value


__all__ = ["Erased", "Message", "Plan", "Rows", "components", "plan", "result_rows", "sentence_rows"]
