"""`db upgrade | current | check | export | refill | verify`: the tables of the database, and what is in them."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import typer

from processors.blobs import BlobStore
from schemas.messages import ContentResultMessage, Segments
from streams import topics
from streams.cli.console import console, escape, print_json, print_text
from streams.client import latest_results, read_all
from streams.control import Orders
from streams.reading import load_settings
from streams.settings import Settings

commands = typer.Typer(
    no_args_is_help=True, help="The tables of the database in CLIPSTREAM_DATABASE_URL, or of `clipstream up --db`."
)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="db", rich_help_panel="Database")


@commands.command()
def upgrade(as_json: AsJson = False) -> None:
    """Make the tables, or bring them up to this version: all that is missing in one transaction, or nothing.

    Two at a time wait for each other, so every deployment may run it.

    Examples:

        clipstream db upgrade
    """
    from streams.database import migrate

    _tell(migrate.upgrade(load_settings()), as_json)


@commands.command()
def current(as_json: AsJson = False) -> None:
    """Which version the tables have."""
    from streams.database import migrate

    _tell(migrate.version(load_settings()), as_json)


@commands.command()
def check() -> None:
    """Exit code 1 where `db upgrade` has something to do."""
    from streams.database import migrate

    version = migrate.version(load_settings())
    _tell(version, as_json=False)
    if not version.is_newest:
        console.print("`clipstream db upgrade` brings it up to date.")
        raise typer.Exit(1)


@commands.command()
def export() -> None:
    """All migrations as SQL, for an editor of SQL in the browser or another tool.

    Examples:

        clipstream db export > clipstream.sql
    """
    from streams.database import migrate

    print_text(migrate.export())


@commands.command()
def refill() -> None:
    """Write all results that the topics hold, beside a running sink or without one, over rows that are not as they say.

    Examples:

        clipstream db upgrade && clipstream db refill && clipstream db verify
    """
    from streams.clock import SYSTEM_CLOCK
    from streams.database.refill import refill as refilled
    from streams.database.sink import Sink

    settings = load_settings()

    async def run() -> None:
        orders = await orders_of(settings)
        sink = Sink(settings, BlobStore(settings.store), SYSTEM_CLOCK, orders, again=True)
        try:
            found = await refilled(settings, sink)
        finally:
            sink.close()
        print_text(f"{found.rows} rows written, of {found.videos} videos; {len(found.invalid)} records cannot be read")

    asyncio.run(run())


@commands.command()
def verify(as_json: AsJson = False) -> None:
    """Compare all rows with what the topics say: counts and a checksum for each table of each video.

    What differs is printed, and the exit code is 1. While the sink is behind, that is a difference too.

    Examples:

        clipstream db verify
    """
    from streams.database.verify import chunk_checksums
    from streams.database.verify import verify as compared

    settings = load_settings()
    results, contents = asyncio.run(of_topics(settings))
    found = compared(settings, results, chunk_checksums(contents), BlobStore(settings.store))
    if as_json:
        print_json(asdict(found))
    else:
        for one in found.differences:
            print_text(f"{one.video_id} {one.table}: {one.wanted} by the topic, {one.held} in the database")
        counted = ", ".join(f"{count} {name}" for name, count in found.rows.items())
        print_text(f"{counted}; checksum {found.checksum}; {len(found.differences)} differences")
    if found.differences:
        raise typer.Exit(1)


async def of_topics(settings: Settings) -> tuple[dict[str, Segments], list[ContentResultMessage]]:
    """The newest result of every video, and what is known of its sentences; neither where it was erased."""
    orders = await orders_of(settings)
    contents = [
        message
        async for message in read_all(settings, topics.CONTENT_RESULT)
        if message.header.generation > orders.erased_until(message.header.video_id)
    ]
    results = {
        video_id: result
        for video_id, result in (await latest_results(settings)).items()
        if result.generation > orders.erased_until(video_id)
    }
    return results, contents


async def orders_of(settings: Settings) -> Orders:
    """What was ordered about videos."""
    orders = Orders(settings)
    async for order in read_all(settings, topics.CONTROL):
        orders.note(order)
    return orders


def _tell(version: Any, as_json: bool) -> None:
    if as_json:
        print_json({**asdict(version), "is_newest": version.is_newest})
        return
    from streams.database.vectors import MISSING

    print_text(
        f"tables {version.current or 'none'}, newest {version.newest}; vectors {'yes' if version.vectors else 'no'}"
    )
    if version.current and not version.vectors and not version.can_have_vectors:
        console.print(escape(MISSING), soft_wrap=True)


__all__ = ["of_topics", "orders_of", "register"]
