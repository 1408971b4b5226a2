"""`replay`: a video anew from a stage, or the records of a topic again."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from streams import topics
from streams.admin import create_topics
from streams.cli.console import console, out, print_json, print_text
from streams.replay import STAGES, Rewind, replay_topic, replay_video
from streams.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Videos and results")(replay)


def replay(
    video: Annotated[str | None, typer.Option(help="The video_id to process again, as the next generation.")] = None,
    stage: Annotated[str | None, typer.Option("--from", help="Stage to begin with: " + ", ".join(STAGES))] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute anew from there on, whatever is cached.")] = False,
    topic: Annotated[str | None, typer.Option(help="The topic whose readers go back.")] = None,
    since: Annotated[str | None, typer.Option(help="Records from this time on: 2026-11-21T08:00, local time.")] = None,
    offset: Annotated[int | None, typer.Option(help="Records from this offset on.", min=0)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Process a video again from a stage, or let the stages that read a topic read it again.

    A replay of a video is a new generation: without --fresh everything that was computed before is answered from the
    result cache, so only what changed since is computed.

    Examples:

        clipstream replay --video 3f2a9c0d11e4b7a6 --from transcriber --fresh

        clipstream replay --topic audio-chunk --since 2026-11-21T08:00 --dry-run
    """
    settings = load_settings()
    if (video is None) == (topic is None):
        raise typer.BadParameter("Say either --video ID or --topic NAME.")
    if stage is not None and stage not in STAGES:
        raise typer.BadParameter(f"No stage '{stage}'. There are: {', '.join(STAGES)}.", param_hint="--from")
    asyncio.run(create_topics(settings))
    if video is not None:
        if since is not None or offset is not None:
            raise typer.BadParameter("--since and --offset go with --topic.")
        request = asyncio.run(replay_video(settings, video, stage, fresh=fresh, dry_run=dry_run))
        if as_json:
            print_json({"video_id": video, "generation": request.generation, "uri": request.uri, "dry_run": dry_run})
        else:
            print_text(video)
            console.print(f"{'Would be' if dry_run else 'Submitted as'} generation {request.generation}: {request.uri}")
        return
    if (since is None) == (offset is None):
        raise typer.BadParameter("Say either --since TIME or --offset N.")
    assert topic is not None
    if topic not in topics.BY_NAME:
        raise typer.BadParameter(f"No topic '{topic}'. There are: {', '.join(topics.BY_NAME)}.")
    moved = asyncio.run(replay_topic(settings, topic, since_ms=_milliseconds(since), offset=offset, dry_run=dry_run))
    if as_json:
        rows = [
            {"agent": one.agent, "topic": one.topic, "partition": one.partition, "offset": one.offset,
             "records": one.records} for one in moved
        ]  # fmt: skip
        print_json({"dry_run": dry_run, "positions": rows})
        return
    _print(moved, dry_run)


def _print(moved: list[Rewind], dry_run: bool) -> None:
    table = Table("agent", "records again", "partitions", box=None, header_style="bold", pad_edge=False)
    for agent in dict.fromkeys(one.agent for one in moved):
        mine = [one for one in moved if one.agent == agent]
        table.add_row(agent, str(sum(one.records for one in mine)), str(len(mine)))
    out().print(table)
    console.print("Nothing was changed." if dry_run else "They read again from there when they start.")


def _milliseconds(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no time; write 2026-11-21T08:00.", param_hint="--since") from None
