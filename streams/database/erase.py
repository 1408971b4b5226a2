"""Takes a video out of the database, with all that was said in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg import Connection, Cursor

from streams.database import vectors
from streams.database.batch import ALL_GENERATIONS
from streams.database.tables import ALL, SENTENCES, VIDEOS


def erase(connection: Connection[Any], video_id: str, until: int = ALL_GENERATIONS) -> dict[str, int]:
    """Delete the rows of a video, in one transaction.

    Args:
        connection: see `streams.database.connection.connect`.
        video_id: the video; one that is not there is fine.
        until: the last generation that is erased; what is of a newer one stays.

    Returns:
        Table -> rows that were deleted, of every table.

    Raises:
        psycopg.Error: nothing was deleted; `connection.meaning_of` says what it means.
    """
    with connection.transaction(), connection.cursor() as cursor:
        return erase_rows(cursor, {video_id: until})


def erase_rows(cursor: Cursor[Any], until: Mapping[str, int]) -> dict[str, int]:
    """The same for some videos, in the transaction that is open.

    What is of a generation that began since stays: sentences come on another topic than results, and an erasure comes
    late from a sink that no longer has its partition, or from `db refill`.

    Args:
        cursor: in a transaction.
        until: by video the last generation that is erased.
    """
    counts = {}
    for table in reversed(ALL):  # the videos themselves last: rows of others refer to them
        counts[table.name] = 0
        if not until:
            continue
        told = "unnest(%s::text[], %s::integer[]) AS gone (video_id, until)"
        if table not in (SENTENCES, VIDEOS):  # of the generation that the video itself has
            told += f" JOIN {VIDEOS.full_name} AS held USING (video_id)"
        generation = "one" if table in (SENTENCES, VIDEOS) else "held"
        cursor.execute(
            f"DELETE FROM {table.full_name} AS one USING {told} "
            f"WHERE one.video_id = gone.video_id AND {generation}.generation <= gone.until",
            [list(until), list(until.values())],
        )
        counts[table.name] = cursor.rowcount
    if counts[SENTENCES.name] and vectors.there(cursor):  # a newer result's segments may mean what an older one said
        vectors.refresh(cursor, list(until), [])
    return counts


__all__ = ["erase", "erase_rows"]
