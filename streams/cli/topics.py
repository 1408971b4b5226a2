"""`topics create|list|tail`: the topics, decoded."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from schemas import bundled
from streams import admin, topics
from streams.cli.console import out, print_json, print_json_line, print_text
from streams.cli.presence import of_another, while_there
from streams.client import following, read_all
from streams.codec import readable, to_wire
from streams.reading import load_settings
from streams.settings import Settings

commands: Final = typer.Typer(no_args_is_help=True, help="Create, list and read topics.")
_RAW_SHOWN: Final = 2_000


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="topics", rich_help_panel="Videos and results")


@commands.command()
def create() -> None:
    """Create every topic that is not there yet, with its partitions and retention."""
    created = asyncio.run(admin.create_topics(load_settings()))
    print_text(f"{len(created)} created" + (": " + ", ".join(created) if created else "; all were there"))


@commands.command("list")
def list_topics(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """The topics of the catalogue, and whether the broker has them."""
    settings = load_settings()
    states = asyncio.run(admin.topic_states(settings))
    if as_json:
        print_json(
            {"topics": [{"topic": s.name, "partitions": s.partitions, "wanted_partitions": s.wanted} for s in states]}
        )
        return
    table = Table("topic", "partitions", "", box=None, header_style="bold", pad_edge=False)
    for state in states:
        note = "" if state.partitions == state.wanted else "missing" if not state.partitions else f"want {state.wanted}"
        table.add_row(state.name, str(state.partitions), note)
    out().print(table)


@commands.command()
def schema(name: Annotated[str, typer.Argument(help="Topic")]) -> None:
    """The Avro schema of a topic's records."""
    print_text(bundled(_spec(name).schema).text)


@commands.command()
def tail(
    name: Annotated[str, typer.Argument(help="Topic: " + ", ".join(topics.BY_NAME))],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what arrives.")] = False,
    count: Annotated[
        int, typer.Option("--count", "-n", help="Only the last N records that are there; 0 for all.", min=0)
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document; with --follow one line each.")] = False,
) -> None:
    """The records of a topic, decoded.

    Examples:

        clipstream topics tail segments --json

        clipstream topics tail dead-letter -n 5

        clipstream topics tail progress --follow
    """
    settings = load_settings()
    spec = _spec(name)
    if follow:
        asyncio.run(_follow(settings, spec, count))
        return
    records = asyncio.run(_read(settings, spec))[-count:]
    if as_json:
        print_json({"topic": spec.name, "records": records})
    else:
        for record in records:
            print_json_line(record)


async def _read(settings: Settings, spec: topics.TopicSpec[Any]) -> list[Any]:
    await (await admin.connect(settings)).close()
    return [_plain(message) async for message in read_all(settings, spec)]


async def _follow(settings: Settings, spec: topics.TopicSpec[Any], count: int) -> None:
    await (await admin.connect(settings)).close()
    async with while_there(of_another(settings)), following(settings, spec, from_start=count == 0) as arrivals:
        if count:  # positions are fixed by now: what arrives while these are read is not missed
            for record in [_plain(message) async for message in read_all(settings, spec)][-count:]:
                print_json_line(record)
        async for arrival in arrivals:
            if arrival is not None:
                print_json_line(_plain(arrival[1]))


def _spec(name: str) -> topics.TopicSpec[Any]:
    if name not in topics.BY_NAME:
        raise typer.BadParameter(f"No topic '{name}'. There are: {', '.join(topics.BY_NAME)}.")
    return topics.BY_NAME[name]


def _plain(message: Any) -> Any:
    """JSON-able: raw bytes of dead letters as text where they are text, else as hex."""
    return {
        key: readable(value[:_RAW_SHOWN]) if isinstance(value, bytes) else value
        for key, value in to_wire(message).items()
    }
