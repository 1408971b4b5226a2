"""The settings of the database; a part of `streams.settings.Settings`, which is read from one place."""

from __future__ import annotations

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from streams.addresses import checked_database


class DatabaseSettings(BaseSettings):
    """Where results are written as rows, and how many at a time."""

    # --- database
    database_url: str = Field(
        "",
        description="postgresql://user:password@host:5432/name of the database that the sink fills; none when empty. "
        "Of Supabase the transaction pooler's (port 6543)",
    )
    # Twice as many records made no difference to rows a second, and a batch is what one record that the database
    # refuses is looked for in.
    sink_batch_records: int = Field(500, ge=1, le=10_000, description="most records in one transaction of the sink")
    sink_batch_rows: int = Field(
        20_000, ge=1, le=1_000_000, description="rows after which no further record goes into a transaction"
    )
    database_timeout_s: float = Field(60.0, ge=1.0, le=3_600.0, description="longest statement in the database")
    database_connections: int = Field(4, ge=1, le=100, description="connections of one reader, such as a gateway")

    _database = field_validator("database_url")(checked_database)


__all__ = ["DatabaseSettings"]
