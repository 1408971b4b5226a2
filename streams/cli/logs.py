"""`logs`: what the workers on this host and the gateway wrote about a video, in the order of time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Annotated, Any, Final

import typer

from processors.errors import InvalidMessage
from streams import agents
from streams.cli.console import console, escape, print_json_line, print_text
from streams.clock import SYSTEM_CLOCK
from streams.reading import load_settings
from streams.reading_logs import Follower, Wanted, as_text, written
from streams.supervisor import GATEWAY

_LOOK_S: Final = 0.2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Videos and results")(logs)


def logs(
    video_id: Annotated[str | None, typer.Argument(help="Of this video; everything when left out.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    stage: Annotated[str | None, typer.Option(help="Only of this stage.")] = None,
    count: Annotated[
        int, typer.Option("--count", "-n", help="Only the last N lines that are there; 0 for all.", min=0)
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document a line.")] = False,
) -> None:
    """What the workers of this data folder and its gateway logged, children too, in the order of time.

    Examples:

        clipstream logs 3f2a9c0d11e4b7a6

        clipstream logs --stage transcriber --follow

        clipstream logs --stage transcriber -n 20
    """
    settings = load_settings()
    if stage is not None and stage not in (known := (*agents.ALL, GATEWAY)):
        raise InvalidMessage(f"There is no stage '{stage}'.", "There are: " + ", ".join(known))
    wanted = Wanted(video_id, stage)
    follower = Follower(settings.log_dir, wanted) if follow else None
    lines = deque(written(settings.log_dir, wanted), maxlen=count or None)
    for line in lines:
        _say(line, as_json=as_json)
    if follower is not None:
        asyncio.run(_follow(follower, as_json=as_json))
    elif not lines:
        about = "" if video_id is None else f" about video '{video_id}'"
        by = "" if stage is None else f" by {stage}"
        console.print(escape(f"Nothing was logged{about}{by} in {settings.log_dir}."), soft_wrap=True)


async def _follow(follower: Follower, *, as_json: bool) -> None:
    while True:
        for line in follower.news():
            _say(line, as_json=as_json)
        await SYSTEM_CLOCK.sleep(_LOOK_S)


def _say(line: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json_line(line)
    else:
        print_text(as_text(line))
