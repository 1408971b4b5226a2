"""Takes a video out of the database, with all that was said in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection, Cursor

from streams.database.tables import ALL


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
        return erase_rows(cursor, [video_id])


def erase_rows(cursor: Cursor[Any], video_ids: Sequence[str]) -> dict[str, int]:
    """The same for some videos, in the transaction that is open."""
    counts = {}
    for table in reversed(ALL):  # the videos themselves last: rows of others refer to them
        counts[table.name] = 0
        if video_ids:
            cursor.execute(f"DELETE FROM {table.full_name} WHERE video_id = ANY(%s)", [list(video_ids)])
            counts[table.name] = cursor.rowcount
    return counts


__all__ = ["erase", "erase_rows"]
