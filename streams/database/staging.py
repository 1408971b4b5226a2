"""Two ways by which many rows come into one statement: arrays that the server takes apart, or a COPY into a table that
lives as long as the transaction. `clipstream bench sink` measures both; the figures are in docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from psycopg import Cursor

from streams.database.tables import SENTENCES, Row, Table

# Batches of 9,468 rows come in 1.36 times as fast by COPY, of 1,940 as fast, of 157 at two thirds of the speed; rows
# with vectors never faster.
COPY_FROM_ROWS: Final = 2_000

# Gives the text of a query whose rows are these, and its arguments.
Source = tuple[str, list[Any]]
Stage = Callable[[Cursor[Any], Table, Sequence[Row]], Source]


def by_arrays(cursor: Cursor[Any], table: Table, rows: Sequence[Row]) -> Source:
    """Each column as an array. An array of arrays would be taken apart to its elements, so it travels as text."""
    columns, casts, arguments = [], [], []
    for position, (name, kind) in enumerate(table.columns):
        values = [row[position] for row in rows]
        flat = not kind.endswith("[]")
        arguments.append(values if flat else [_literal(value) for value in values])
        columns.append(f"%s::{kind if flat else 'text'}[]")
        casts.append(name if flat else f"{name}::{kind} AS {name}")
    names = ", ".join(table.names)
    return f"SELECT {', '.join(casts)} FROM unnest({', '.join(columns)}) AS told ({names})", arguments


def by_copy(cursor: Cursor[Any], table: Table, rows: Sequence[Row]) -> Source:
    """A table of the transaction's own."""
    columns = ", ".join(f"{name} {kind}" for name, kind in table.columns)
    cursor.execute(f"CREATE TEMPORARY TABLE told_{table.name} ({columns}) ON COMMIT DROP")
    with cursor.copy(f"COPY told_{table.name} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    return f"SELECT {', '.join(table.names)} FROM told_{table.name}", []


def by_size(cursor: Cursor[Any], table: Table, rows: Sequence[Row]) -> Source:
    """Whichever of both is quicker for so many rows of a table."""
    copied = len(rows) >= COPY_FROM_ROWS and table is not SENTENCES
    return (by_copy if copied else by_arrays)(cursor, table, rows)


def _literal(values: list[int] | None) -> str | None:
    return None if values is None else "{" + ",".join(map(str, values)) + "}"


__all__ = ["COPY_FROM_ROWS", "Source", "Stage", "by_arrays", "by_copy", "by_size"]
