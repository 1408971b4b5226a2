"""Connections to the database, made so that a transaction pooler may stand between, and what their errors mean.

A pooler such as Supabase's gives each transaction another server connection. So nothing is prepared, nothing is set for
a session, nothing listens; what a transaction needs it sets for itself.

=============================================  =========================================================================
what went wrong                                what it is
=============================================  =========================================================================
no connection, lost, shut down, full, busy     `DatabaseAway`: the same again later; nothing is wrong with the rows
a statement above its limit of time (57014)    `StatementTooLong`: less at a time, or the same again later
a value that no table takes (classes 21 to 23) `RowsRefused`: the message is wrong
password, no such database, table, and others  `DatabaseUnusable`: nothing helps but another setting or `db upgrade`
=============================================  =========================================================================
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg import Connection, Error, sql

from ops.local.postgres import with_password
from processors.errors import ClipstreamError, Fatal, InvalidMessage, Retryable
from streams.secrets import masked
from streams.settings import Settings

# A server that is there answers within milliseconds; one that is not must not hold its waiting client for minutes.
CONNECT_TIMEOUT_S: Final = 10
_UNACKED_MS: Final = 30_000  # of a host that vanished; the kernel's own limit is some 15 minutes

_REFUSED: Final = ("21", "22", "23")  # the same key twice, data exceptions, constraints
# Connections, read-only (a stand-by that is to take over), rolled back, resources, locks, shutting down, system, bugs.
_AWAY: Final = ("08", "25", "40", "53", "55", "57", "58", "XX")
_CANCELLED: Final = "57014"  # by its time limit, or by an administrator
_MISSING: Final = ("3F000", "42P01", "42703")  # schema, table, column


class DatabaseAway(Retryable):
    """The database cannot be reached, or takes nothing at the moment."""


class StatementTooLong(Retryable):
    """A statement did not end within its limit: too much of it, a slow database, or others that hold its rows."""


class RowsRefused(InvalidMessage):
    """The database does not take a value of this message, and never will."""


class DatabaseUnusable(Fatal):
    """The database is there and does not let us work: its settings, or its tables, are not what we need."""


def address_of(settings: Settings) -> str:
    """The address of the database, for libpq and nobody else: it holds the password.

    Raises:
        ClipstreamError: none is set.
    """
    if not settings.database_url:
        raise ClipstreamError(
            "No database is set.",
            "Set CLIPSTREAM_DATABASE_URL=postgresql://user:password@host:5432/name, or run `clipstream up --db`.",
        )
    return with_password(settings.database_url, settings.data_dir)


def options_of(settings: Settings) -> dict[str, Any]:
    """Arguments of every connection."""
    return {
        "conninfo": address_of(settings),
        "prepare_threshold": None,
        "connect_timeout": CONNECT_TIMEOUT_S,
        "tcp_user_timeout": _UNACKED_MS,
        "application_name": "clipstream",
    }


def connect(settings: Settings) -> Connection[Any]:
    """A connection; what is done on it is in transactions of its own.

    Raises:
        DatabaseAway: it cannot be reached.
        DatabaseUnusable: it does not let us in.
    """
    try:
        return psycopg.connect(**options_of(settings), autocommit=True)
    except Error as error:
        raise meaning_of(error, place_of(settings)) from error


def limit_statements(cursor: psycopg.Cursor[Any], settings: Settings) -> None:
    """Bound each statement of the transaction that is open."""
    limit = sql.Literal(f"{round(settings.database_timeout_s * 1000)}ms")
    cursor.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(limit))


def place_of(settings: Settings) -> str:
    """The address without its password, for people."""
    return masked(settings.database_url)


def meaning_of(error: Error, where: str) -> ClipstreamError:
    """What an error of the database means for the messages in hand.

    Args:
        error: as psycopg raised it. Its text is shown without the detail, which repeats values of rows.
        where: see `place_of`.
    """
    state = error.sqlstate or ""
    said = (error.diag.message_primary or str(error)).strip().splitlines() or [type(error).__name__]
    told = masked(said[0]).rstrip(".")
    # what a server says while it refuses a connection has no state here, only words
    locked_out = not state and any(words in str(error) for words in _LOCKED_OUT)
    if state.startswith(_REFUSED) or isinstance(error, psycopg.DataError):
        return RowsRefused(f"The database refuses a row: {told}.")
    if state in _MISSING:
        return DatabaseUnusable(f"The database {where} has not the tables of this version: {told}.", _UPGRADE)
    if state == _CANCELLED:
        return StatementTooLong(f"The database {where} did not end a statement in time: {told}.", _MORE_TIME)
    lost = not state and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    if (lost and not locked_out) or state.startswith(_AWAY):
        return DatabaseAway(f"The database {where} cannot be reached: {told}.", "Check that it runs.")
    return DatabaseUnusable(f"The database {where} cannot be used: {told}.", "Check CLIPSTREAM_DATABASE_URL.")


_LOCKED_OUT: Final = (
    "password authentication failed",
    "no password supplied",
    "does not exist",
    "no pg_hba.conf entry",
)
_MORE_TIME: Final = "Where this lasts, raise CLIPSTREAM_DATABASE_TIMEOUT_S, or lower CLIPSTREAM_SINK_BATCH_ROWS."
_UPGRADE: Final = "Run `clipstream db upgrade`."

__all__ = [
    "DatabaseAway",
    "DatabaseUnusable",
    "RowsRefused",
    "StatementTooLong",
    "address_of",
    "connect",
    "limit_statements",
    "meaning_of",
    "options_of",
    "place_of",
]
