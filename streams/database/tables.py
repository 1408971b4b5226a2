"""The tables as the sink fills them: columns, their types, and which of them tell one row from another.

The migrations make them; a test compares the two. What is not here the database fills itself: the words of the text
search, vectors, the time of writing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

SCHEMA: Final = "clipstream"
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Args:
        name: within the schema.
        key: how many of the columns, from the first one on, tell a row from all others.
        columns: name and type of each.
    """

    name: str
    key: int
    columns: tuple[tuple[str, str], ...]

    @property
    def full_name(self) -> str:
        """With its schema: a pooler keeps no search path."""
        return f"{SCHEMA}.{self.name}"

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(name for name, _ in self.columns)

    @property
    def key_names(self) -> tuple[str, ...]:
        """Of those that tell a row from all others."""
        return self.names[: self.key]


VIDEOS: Final = Table(
    "videos",
    1,
    (
        ("video_id", "text"),
        ("generation", "integer"),
        ("revision", "integer"),
        ("enriched", "boolean"),
        ("status", "text"),
        ("error", "text"),
        ("title", "text"),
        ("duration_ms", "bigint"),
        ("until_ms", "bigint"),
        ("confidence", "double precision"),
        ("languages", "jsonb"),
        ("missing", "jsonb"),
        ("suggestions", "jsonb"),
        ("models", "jsonb"),
        ("cost_usd", "double precision"),
        ("started_at_ms", "bigint"),
        ("finished_at_ms", "bigint"),
        ("request_digest", "text"),
        ("document_uri", "text"),
    ),
)
SEGMENTS: Final = Table(
    "segments",
    2,
    (
        ("video_id", "text"),
        ("segment_id", "text"),
        ("rank", "integer"),
        ("start_ms", "bigint"),
        ("end_ms", "bigint"),
        ("score", "double precision"),
        ("confidence", "double precision"),
        ("language", "text"),
        ("title", "text"),
        ("text", "text"),
        ("description", "text"),
        ("speakers", "jsonb"),
        ("topics", "jsonb"),
        ("hashtags", "jsonb"),
        ("details", "jsonb"),
        ("keyframe_uri", "text"),
    ),
)
UTTERANCES: Final = Table(
    "utterances",
    2,
    (
        ("video_id", "text"),
        ("position", "integer"),
        ("start_ms", "bigint"),
        ("end_ms", "bigint"),
        ("speaker", "text"),
        ("language", "text"),
        ("text", "text"),
        ("overlapped", "boolean"),
    ),
)
COSTS: Final = Table(
    "costs",
    3,
    (
        ("video_id", "text"),
        ("stage", "text"),
        ("service", "text"),
        ("cost_usd", "double precision"),
        ("took_ms", "bigint"),
        ("records", "integer"),
        ("cached", "integer"),
    ),
)
# What sentences mean, as the content agent found it: the components of their vectors, whole numbers of -127 to 127.
SENTENCES: Final = Table(
    "sentences",
    4,
    (
        ("video_id", "text"),
        ("generation", "integer"),
        ("chunk", "integer"),
        ("position", "integer"),
        ("start_ms", "bigint"),
        ("end_ms", "bigint"),
        ("language", "text"),
        ("text", "text"),
        ("components", "smallint[]"),
    ),
)
OF_RESULTS: Final = (VIDEOS, SEGMENTS, UTTERANCES, COSTS)
ALL: Final = (*OF_RESULTS, SENTENCES)

__all__ = ["ALL", "COSTS", "OF_RESULTS", "SCHEMA", "SEGMENTS", "SENTENCES", "UTTERANCES", "VIDEOS", "Row", "Table"]
