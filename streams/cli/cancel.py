"""`cancel`: no more work for videos that are under way."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from streams.admin import create_topics
from streams.cli.console import console, escape, print_json
from streams.clock import SYSTEM_CLOCK
from streams.control import cancel as cancel_video
from streams.reading import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Videos and results")(cancel)


def cancel(
    video_ids: Annotated[list[str], typer.Argument(metavar="VIDEO_ID...", help="As `clipstream status` lists them.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Stop the work on videos. Their result becomes `cancelled`; what was computed stays in the result cache.

    A video that is through keeps its result, without the second look where that was still to come.
    `clipstream replay --video ID` takes a cancelled one up again.

    Examples:

        clipstream cancel 3f2a9c0d11e4b7a6
    """
    settings = load_settings()
    asyncio.run(create_topics(settings))
    found = []
    for video_id in video_ids:
        generation = asyncio.run(cancel_video(settings, video_id, SYSTEM_CLOCK))
        found.append({"video_id": video_id, "generation": generation, "cancelled": generation is not None})
        told = (
            "was through already; its result stays"
            if generation is None
            else f"generation {generation} is cancelled; a last result that is there stays"
        )
        console.print(f"{escape(video_id)}: {told}.", soft_wrap=True)
    if as_json:
        print_json({"videos": found})
