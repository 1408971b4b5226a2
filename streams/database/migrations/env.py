"""What alembic runs: all migrations that are missing, in one transaction that nobody else can be in at the time."""

from __future__ import annotations

from typing import Any, Final

from alembic import context
from sqlalchemy import text

from streams.database.tables import SCHEMA

# Any number that no other program uses. The lock is of the transaction: a pooler knows none of a session.
LOCK: Final = 5_427_113_201_866_401
_VERSIONS: Final[dict[str, Any]] = {"version_table": "migrations", "version_table_schema": SCHEMA}


def run() -> None:
    """Run the migrations on the connection that the caller gave, or write them as SQL."""
    if context.is_offline_mode():
        context.configure(dialect_name="postgresql", literal_binds=True, **_VERSIONS)
        with context.begin_transaction():
            context.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
            context.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            context.run_migrations()
        return
    connection = context.config.attributes["connection"]
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    context.configure(connection=connection, **_VERSIONS)
    context.run_migrations()


run()
