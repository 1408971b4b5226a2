"""`erase`: nothing of a video is kept, and a receipt says what is gone and what remains until when."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import typer

from streams.admin import create_topics
from streams.cli.console import console, escape, print_json, print_text
from streams.clock import SYSTEM_CLOCK
from streams.erasing.erase import erase as erase_video
from streams.erasing.receipt import Receipt, day
from streams.reading import load_settings

_EXIT_INCOMPLETE: Final = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Videos and results")(erase)


def erase(
    video_id: Annotated[str, typer.Argument(help="As `clipstream status` lists it.")],
    cancel: Annotated[bool, typer.Option("--cancel", help="End it first where it is under way.")] = False,
    now: Annotated[
        bool, typer.Option("--now", help="Also delete old records from topics, with those of other videos before them.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The receipt as one JSON document.")] = False,
) -> None:
    """Erase a video: results, rows, blobs, cache entries, fetched sources, log lines. Prints a receipt.

    Kafka deletes single records by their age alone; the receipt says by when. With --now they go at once, and with them
    the older records of other videos that are through, which cannot be replayed then. What two videos share stays.

    Exit code 1 when something must be done again, as the receipt says; running it again goes on where it was.

    Examples:

        clipstream erase 3f2a9c0d11e4b7a6 --json > receipt.json
    """
    settings = load_settings()
    asyncio.run(create_topics(settings))

    def say(step: str) -> None:
        console.print(f"{escape(video_id)}: {step}")

    receipt = asyncio.run(erase_video(settings, video_id, SYSTEM_CLOCK, cancel_first=cancel, now=now, say=say))
    if as_json:
        print_json(receipt.to_json())
    else:
        _print(receipt)
    if not receipt.complete:
        raise typer.Exit(_EXIT_INCOMPLETE)


def _print(receipt: Receipt) -> None:
    print_text(f"{receipt.video_id}, up to generation {receipt.generation}")
    for gone in receipt.erased:
        size = f", {gone.size_bytes / 1e6:.1f} MB" if gone.size_bytes else ""
        print_text(f"  gone: {gone.count} {gone.what}{size}{f' ({gone.where})' if gone.where else ''}")
    for left in receipt.remains:
        until = f" until {day(left.until_ms)}" if left.until_ms is not None else ""
        print_text(f"  remains{until}: {left.count} {left.what}: {left.why}")
    print_text("All is done." if receipt.complete else "Something is left to do: run this command again.")
