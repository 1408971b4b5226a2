"""Vectors in the database: what pgvector adds to the tables, where the server has it.

No migration, since an extension comes and goes with the server and not with our version: `db upgrade` adds it as soon
as it is there, and fills it from the components that are always kept. A segment means the mean of its sentences.
"""

from __future__ import annotations

from typing import Any, Final

from psycopg import Cursor

from processors.content.embedding import DIMENSIONS

# `halfvec`, two bytes a component: ours have 8 bits, and an index of them is half as large.
MIN_VERSION: Final = (0, 7)
MISSING: Final = (
    "Install pgvector 0.7 or newer on the database server (Supabase has it; `apt install postgresql-18-pgvector`; "
    "image pgvector/pgvector), then run `clipstream db upgrade`."
)
ADD: Final = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    f"""
    ALTER TABLE clipstream.sentences ADD COLUMN IF NOT EXISTS vector halfvec({DIMENSIONS})
      GENERATED ALWAYS AS (components::integer[]::halfvec({DIMENSIONS})) STORED
    """,
    f"ALTER TABLE clipstream.segments ADD COLUMN IF NOT EXISTS vector halfvec({DIMENSIONS})",
    "CREATE INDEX IF NOT EXISTS sentences_vector ON clipstream.sentences USING hnsw (vector halfvec_cosine_ops)",
    "CREATE INDEX IF NOT EXISTS segments_vector ON clipstream.segments USING hnsw (vector halfvec_cosine_ops)",
)
# A sentence is of the segment that its middle lies in; a segment of which none is known has no vector. A sum of
# the same numbers in the same order is the same whoever computes it.
_MEANT: Final = """
    UPDATE clipstream.segments AS segment
    SET vector = meant.vector
    FROM (
      SELECT one.video_id, one.segment_id,
             avg(l2_normalize(said.vector) ORDER BY said.start_ms, said.chunk, said.position) AS vector
      FROM clipstream.segments AS one
      LEFT JOIN clipstream.sentences AS said
        ON said.video_id = one.video_id AND said.vector IS NOT NULL
       AND (said.start_ms + said.end_ms) / 2 >= one.start_ms AND (said.start_ms + said.end_ms) / 2 < one.end_ms
      WHERE {which}
      GROUP BY one.video_id, one.segment_id
    ) AS meant
    WHERE meant.video_id = segment.video_id AND meant.segment_id = segment.segment_id
      AND segment.vector IS DISTINCT FROM meant.vector
"""
FILL: Final = _MEANT.format(which="true")
# Of results that were written, and of those whose sentences were.
_REFRESH: Final = _MEANT.format(
    which="""one.video_id = ANY(%(results)s) OR (one.video_id, one.segment_id) IN (
        SELECT near.video_id, near.segment_id
        FROM unnest(%(videos)s::text[], %(starts)s::bigint[], %(ends)s::bigint[]) AS told (video_id, start_ms, end_ms)
        JOIN clipstream.segments AS near
          ON near.video_id = told.video_id AND near.start_ms < told.end_ms AND near.end_ms > told.start_ms
      )"""
)


def there(cursor: Cursor[Any]) -> bool:
    """Whether the tables have vectors."""
    cursor.execute(
        "SELECT 1 FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass('clipstream.segments') "
        "AND attname = 'vector' AND NOT attisdropped"
    )
    return cursor.fetchone() is not None


def available(cursor: Cursor[Any]) -> bool:
    """Whether the server has pgvector, in a version that is enough."""
    cursor.execute("SELECT default_version FROM pg_catalog.pg_available_extensions WHERE name = 'vector'")
    found = cursor.fetchone()
    return found is not None and tuple(int(part) for part in str(found[0]).split(".")[:2]) >= MIN_VERSION


def ensure(cursor: Cursor[Any]) -> bool:
    """Add what is missing of vectors and their indexes; False where the server has no pgvector."""
    if there(cursor):
        return True
    if not available(cursor):
        return False
    for statement in (*ADD, FILL):
        cursor.execute(statement)
    return True


def refresh(cursor: Cursor[Any], results: list[str], told: list[tuple[str, int, int]]) -> None:
    """Set the vectors of segments anew.

    Args:
        cursor: in the transaction that wrote the rows.
        results: videos whose results it wrote.
        told: video, start and end of what it wrote sentences of.
    """
    if results or told:
        videos, starts, ends = ([row[column] for row in told] for column in range(3))
        cursor.execute(_REFRESH, {"results": results, "videos": videos, "starts": starts, "ends": ends})


__all__ = ["ADD", "FILL", "MISSING", "available", "ensure", "refresh", "there"]
