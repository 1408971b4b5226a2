"""Brings the tables up to this version, says which version they have, writes the migrations as SQL."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import Cursor
from sqlalchemy import Connection, create_engine, exc
from sqlalchemy.pool import NullPool

from streams.database import vectors
from streams.database.connection import connect, meaning_of, options_of, place_of
from streams.database.tables import SCHEMA
from streams.settings import Settings

_FOLDER: Final = Path(__file__).with_name("migrations")
_HEAD: Final = "head"
_ONE_AT_A_TIME: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Version:
    """Of the tables.

    Args:
        current: that the database has; None for none.
        newest: that this version of clipstream has.
        vectors: whether there are vectors.
        can_have_vectors: whether the server has pgvector.
    """

    current: str | None
    newest: str
    vectors: bool
    can_have_vectors: bool

    @property
    def is_newest(self) -> bool:
        """Whether there is nothing to do."""
        return self.current == self.newest and (self.vectors or not self.can_have_vectors)


def upgrade(settings: Settings) -> Version:
    """Run what is missing, all of it or nothing; waits while another one does the same.

    Raises:
        DatabaseAway: it cannot be reached.
        DatabaseUnusable: it does not let us make tables.
    """
    # alembic keeps its state in a module; of other processes the lock in the database keeps us apart
    with _ONE_AT_A_TIME, _connected(settings) as connection, connection.begin():
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, _HEAD)
        vectors.ensure(cast("Cursor[Any]", connection.connection.cursor()))
    return version(settings)


def version(settings: Settings) -> Version:
    """Which version the tables have.

    Raises:
        DatabaseAway: it cannot be reached.
        DatabaseUnusable: it does not let us in.
    """
    newest = ScriptDirectory.from_config(_config()).get_current_head() or ""
    try:
        with connect(settings) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT to_regclass('{SCHEMA}.migrations')")
            current = None
            if (cursor.fetchone() or (None,))[0] is not None:
                cursor.execute(f"SELECT version_num FROM {SCHEMA}.migrations")
                current = (cursor.fetchone() or (None,))[0]
            return Version(current, newest, vectors.there(cursor), vectors.available(cursor))
    except psycopg.Error as error:
        raise meaning_of(error, place_of(settings)) from error


def export() -> str:
    """All migrations as SQL, for whoever runs them by hand; the part for pgvector at the end."""
    written = io.StringIO()
    config = _config(written)
    command.upgrade(config, _HEAD, sql=True)
    added = "".join(f"{statement.strip()};\n\n" for statement in (*vectors.ADD, vectors.FILL))
    return f"{written.getvalue()}\n-- With pgvector 0.7 or newer:\n\nBEGIN;\n\n{added}COMMIT;\n"


def _config(output: io.StringIO | None = None) -> Config:
    config = Config(output_buffer=output) if output is not None else Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _connected(settings: Settings) -> Iterator[Connection]:
    engine = create_engine("postgresql+psycopg://", poolclass=NullPool, creator=lambda: _raw(settings))
    try:
        with engine.connect() as connection:
            yield connection
    except exc.DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            raise meaning_of(error.orig, place_of(settings)) from error
        raise
    except psycopg.Error as error:
        raise meaning_of(error, place_of(settings)) from error
    finally:
        engine.dispose()


def _raw(settings: Settings) -> psycopg.Connection[Any]:
    return psycopg.connect(**options_of(settings))


__all__ = ["Version", "export", "upgrade", "version"]
