"""Writes the rows of a batch in one transaction: all of it or nothing, and nothing over what is newer.

What is newer is decided under a lock on each video that lasts as long as the transaction and is taken in sorted order:
two sinks that have the same videos wait for each other, and never both at once. A row that is there as it should be is
not touched, so that a repeat costs no writing and no work for the indexes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, Cursor

from streams.database import vectors
from streams.database.batch import Plan, Rows
from streams.database.connection import limit_statements
from streams.database.erase import erase_rows
from streams.database.staging import Stage, by_size
from streams.database.tables import COSTS, OF_RESULTS, SEGMENTS, SENTENCES, UTTERANCES, VIDEOS, Row, Table
from streams.newest import Order
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Written:
    """What a transaction wrote.

    Args:
        videos: whose results were newer than what was there, or written again.
        rows: that are new or have changed.
    """

    videos: tuple[str, ...] = ()
    rows: int = 0


def held_orders(cursor: Cursor[Any], video_ids: Sequence[str]) -> dict[str, Order]:
    """(generation, revision, enriched) of the results that are there."""
    names = "video_id, generation, revision, enriched"
    cursor.execute(f"SELECT {names} FROM {VIDEOS.full_name} WHERE video_id = ANY(%s)", [list(video_ids)])
    return {video_id: (generation, revision, enriched) for video_id, generation, revision, enriched in cursor}


def write(
    connection: Connection[Any],
    settings: Settings,
    plan: Plan,
    rows: Rows,
    stage: Stage = by_size,
    *,
    again: bool = False,
) -> Written:
    """Write a batch.

    Args:
        connection: in autocommit, with no transaction open.
        settings: the limit of a statement.
        plan: what is written.
        rows: of its results and contents, sorted; those of results that are not in it are left out of it as well.
        stage: how rows come to the server.
        again: write results that are there in the same order as well; rows that are as they should be stay untouched.

    Raises:
        psycopg.Error: nothing was written.
    """
    with connection.transaction(), connection.cursor() as cursor:
        limit_statements(cursor, settings)
        lock(cursor, plan.video_ids)
        erase_rows(cursor, plan.erased)
        held = held_orders(cursor, list(plan.results))
        newer = [
            video_id
            for video_id, result in plan.results.items()
            if result.order > (order := held.get(video_id, _NONE)) or (again and result.order == order)
        ]
        changed = 0
        if newer:
            chosen = set(newer)
            for table, all_rows in rows.by_table():
                if table in OF_RESULTS:
                    told = [row for row in all_rows if row[0] in chosen]
                    changed += _remove_others(cursor, table, newer, told)
                    changed += _upsert(cursor, table, told, stage)
        gone = _remove_unsaid(cursor, plan)
        said = _newest_sentences(cursor, rows.sentences)
        changed += len(gone) + _upsert(cursor, SENTENCES, said, stage)
        if vectors.there(cursor):
            vectors.refresh(cursor, newer, [*gone, *((row[0], row[4], row[5]) for row in said)])
        return Written(tuple(newer), changed)


_NONE: Order = (-1, -1, False)


def lock(cursor: Cursor[Any], video_ids: Sequence[str]) -> None:
    """Keep others from writing these videos until the transaction ends, once they are through themselves."""
    keys = sorted({_key(video_id) for video_id in video_ids})
    cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) WITH ORDINALITY AS told (key)", [keys])


def _key(video_id: str) -> int:
    """A number of 64 bits for a video; two that share one wait for each other without need."""
    return int.from_bytes(hashlib.sha256(f"clipstream:{video_id}".encode()).digest()[:8], signed=True)


def _upsert(cursor: Cursor[Any], table: Table, rows: Sequence[Row], stage: Stage) -> int:
    if not rows:
        return 0
    source, arguments = stage(cursor, table, rows)
    keys, names = ", ".join(table.key_names), ", ".join(table.names)
    others = table.names[table.key :]
    values = ", ".join(f"{name} = excluded.{name}" for name in others)
    now, then = (", ".join(f"{place}.{name}" for name in others) for place in ("held", "excluded"))
    written_at = ", written_at = now()" if table is VIDEOS else ""
    cursor.execute(
        f"INSERT INTO {table.full_name} AS held ({names}) {source} ORDER BY {keys} ON CONFLICT ({keys}) "
        f"DO UPDATE SET {values}{written_at} WHERE ({now}) IS DISTINCT FROM ({then})",
        arguments,
    )
    return cursor.rowcount


def _remove_others(cursor: Cursor[Any], table: Table, video_ids: list[str], rows: Sequence[Row]) -> int:
    """Delete what results had before and have no more."""
    if table is UTTERANCES:  # numbered from 0: what is behind the last one
        counts = dict.fromkeys(video_ids, 0)
        for row in rows:
            counts[row[0]] += 1
        cursor.execute(
            f"DELETE FROM {table.full_name} AS held USING unnest(%s::text[], %s::integer[]) AS told (video_id, count) "
            "WHERE held.video_id = told.video_id AND held.position >= told.count",
            [list(counts), list(counts.values())],
        )
        return cursor.rowcount
    if table not in (SEGMENTS, COSTS):
        return 0
    keys = ", ".join(table.key_names)
    columns = [[row[position] for row in rows] for position in range(table.key)]
    cursor.execute(
        f"DELETE FROM {table.full_name} WHERE video_id = ANY(%s) "
        f"AND ({keys}) NOT IN (SELECT * FROM unnest({', '.join(['%s::text[]'] * table.key)}))",
        [video_ids, *columns],
    )
    return cursor.rowcount


def _remove_unsaid(cursor: Cursor[Any], plan: Plan) -> list[tuple[str, int, int]]:
    """Delete what chunks had and have no more, when they are told again; returns video, start and end of each."""
    if not plan.contents:
        return []
    videos, generations, chunks = (list(column) for column in zip(*plan.contents, strict=True))
    counts = [len(content.item.sentences) if content.item else 0 for content in plan.contents.values()]
    cursor.execute(
        f"DELETE FROM {SENTENCES.full_name} AS held "
        "USING unnest(%s::text[], %s::integer[], %s::integer[], %s::integer[]) "
        "AS told (video_id, generation, chunk, count) "
        "WHERE held.video_id = told.video_id AND held.generation = told.generation AND held.chunk = told.chunk "
        "AND held.position >= told.count RETURNING held.video_id, held.start_ms, held.end_ms",
        [videos, generations, chunks, counts],
    )
    return cursor.fetchall()


def _newest_sentences(cursor: Cursor[Any], rows: Sequence[Row]) -> list[Row]:
    """Those that are not of an older generation than what is there; what is there of older ones goes."""
    if not rows:
        return []
    told = {row[0]: row[1] for row in rows}
    cursor.execute(
        f"SELECT video_id, max(generation) FROM {SENTENCES.full_name} WHERE video_id = ANY(%s) GROUP BY video_id",
        [list(told)],
    )
    held: dict[str, int] = dict(cursor.fetchall())
    older = [video_id for video_id, generation in told.items() if held.get(video_id, generation) < generation]
    if older:
        cursor.execute(f"DELETE FROM {SENTENCES.full_name} WHERE video_id = ANY(%s)", [older])
    return [row for row in rows if row[1] >= held.get(row[0], 0)]


__all__ = ["Written", "held_orders", "lock", "write"]
