"""Takes a video out of the database, with all that was said in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg import Connection, Cursor

from streams.database.batch import ALL_GENERATIONS
from streams.database.tables import ALL, SENTENCES


def erase(connection: Connection[Any], video_id: str) -> dict[str, int]:
    """Delete all rows of a video, in one transaction.

    Args:
        connection: see `streams.database.connection.connect`.
        video_id: the video; one that is not there is fine.

    Returns:
        Table -> rows that were deleted, of every table.

    Raises:
        psycopg.Error: nothing was deleted; `connection.meaning_of` says what it means.
    """
    with connection.transaction(), connection.cursor() as cursor:
        return erase_rows(cursor, {video_id: ALL_GENERATIONS})


def erase_rows(cursor: Cursor[Any], until: Mapping[str, int]) -> dict[str, int]:
    """The same for some videos, in the transaction that is open.

    Sentences come on another topic than results, so those of a generation that began since may be there already: they
    stay. Results are in the order of the erasure.

    Args:
        cursor: in a transaction.
        until: by video the last generation that is erased.
    """
    counts = {}
    for table in reversed(ALL):  # the videos themselves last: rows of others refer to them
        counts[table.name] = 0
        if not until:
            continue
        if table is SENTENCES:
            cursor.execute(
                f"DELETE FROM {table.full_name} USING unnest(%s::text[], %s::integer[]) AS gone(video_id, until) "
                f"WHERE sentences.video_id = gone.video_id AND sentences.generation <= gone.until",
                [list(until), list(until.values())],
            )
        else:
            cursor.execute(f"DELETE FROM {table.full_name} WHERE video_id = ANY(%s)", [list(until)])
        counts[table.name] = cursor.rowcount
    return counts


__all__ = ["erase", "erase_rows"]
