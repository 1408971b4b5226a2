"""`restart`: workers that `up` keeps, one after the other, so that a new version or a repair comes in at no pause."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from streams.cli.console import console, print_text
from streams.clock import SYSTEM_CLOCK
from streams.reading import load_settings
from streams.restarting import READERS_FIRST, by_hand
from streams.restarting import restart as restarted


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Cluster and agents")(restart)


def restart(
    agents: Annotated[
        list[str] | None,
        typer.Argument(help="All that run when left out, readers before writers.", metavar="[AGENT]..."),
    ] = None,
) -> None:
    """End the workers that `clipstream up` keeps, one after the other; each is back at work before the next one goes.

    The supervisor starts them again from what is installed by then. It takes a worker that does not come back for a
    reason to stop: those behind it stay as they are. Workers that were started by hand are named and left alone.

    Examples:

        clipstream restart transcriber

        clipstream restart
    """
    asyncio.run(_restart(tuple(agents or ())))


async def _restart(names: tuple[str, ...]) -> None:
    settings = load_settings()
    others = by_hand(settings, names)
    async for one in restarted(settings, names, SYSTEM_CLOCK):
        print_text(f"{one.agent}  version {one.version}, process {one.pid}, back after {one.seconds:.1f} s")
    for note in others:
        console.print(
            f"{note['agent']} {note['instance'] or 'main'}, process {note['pid']}, was started by hand and runs on: "
            "end it and start it again yourself."
        )
    if not names:
        console.print("In the order " + ", ".join(READERS_FIRST) + ", as far as they run.")


__all__ = ["register"]
