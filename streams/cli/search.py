"""`search`: what was said and what was ranked, in all videos of the database."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from processors.timeline import clock
from streams.cli.console import escape, out, plain, print_json, print_text
from streams.reading import load_settings
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.database.search import Hit, Query


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Database")(search)


def search(
    words: Annotated[str, typer.Argument(help='As in a web search: words, "exact words", or, -without.')],
    meaning: Annotated[bool, typer.Option("--meaning", help="Also by meaning, across languages.")] = False,
    only: Annotated[
        Literal["segment", "utterance"] | None, typer.Option("--only", help="Only ranked segments, or what was said.")
    ] = None,
    video_id: Annotated[str | None, typer.Option("--video", help="Only in this video.")] = None,
    limit: Annotated[int, typer.Option(help="Most hits.", min=1, max=200)] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Find what was said, and the best segments about it, in the videos of the database.

    Exit code 1 when nothing is found.

    Examples:

        clipstream search "tides and the moon"

        clipstream search "why the sea rises" --meaning --json
    """
    from streams.database.meaning import vector_of_words
    from streams.database.search import KINDS, Query

    settings = load_settings()
    vector = vector_of_words(words, settings) if meaning else None
    query = Query(words, vector, (only,) if only is not None else KINDS, video_id, limit)
    hits = asyncio.run(_found(settings, query))
    if as_json:
        print_json({"hits": [asdict(hit) for hit in hits]})
    elif hits:
        _show(hits)
    else:
        print_text("Nothing is found.")
    if not hits:
        raise typer.Exit(1)


async def _found(settings: Settings, query: Query) -> list[Hit]:
    from streams.database import reads

    async with reads.pool_of(settings) as pool:
        return await reads.search(pool, query)


def _show(hits: list[Hit]) -> None:
    table = Table("", "video", "from", "to", "", box=None, header_style="bold", pad_edge=False)
    for hit in hits:
        said = Text(f"{plain(hit.speaker)}: " if hit.speaker else "").append_text(marked(hit.headline or hit.text))
        table.add_row(hit.kind, escape(hit.video_id), clock(hit.start_ms), clock(hit.end_ms), said)
    out().print(table)


def marked(text: str) -> Text:
    """A headline with what was found in bold; a text may have the marks, backslashes and brackets of its own."""
    from streams.database.search import MARK_END, MARK_START

    shown = Text()
    for number, part in enumerate(plain(text).split(MARK_START)):
        found, end, rest = part.partition(MARK_END) if number else ("", "", part)
        if number and not end:
            found, rest = "", MARK_START + part
        shown.append(found, "bold").append(rest)
    return shown


__all__ = ["register"]
