"""`replay`: a video or those of a day anew from a stage, the records of a topic again, or the joiner's table anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Final

import typer
from rich.table import Table

from processors.errors import ClipstreamError
from processors.media.weburl import shown
from streams import topics
from streams.admin import create_topics
from streams.cli.console import console, escape, out, print_json, print_text
from streams.cli.embedded import agents_lock, broker_running, waiting
from streams.join.rebuild import Rebuilt, rebuild_join
from streams.reading import load_settings
from streams.replay import STAGES, Rewind, readers_of, replay_topic, replay_video
from streams.replay_day import OfDay, replay_day
from streams.settings import Settings

# A broker takes stopped workers for members until their session times out.
_BEYOND_SESSION_S: Final = 5.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Videos and results")(replay)


def replay(
    video: Annotated[str | None, typer.Option(help="The video_id to process again, as the next generation.")] = None,
    day: Annotated[
        str | None, typer.Option(help="All videos that were submitted on this day: 2026-11-21, local time.")
    ] = None,
    stage: Annotated[str | None, typer.Option("--from", help="Stage to begin with: " + ", ".join(STAGES))] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute anew from there on, whatever is cached.")] = False,
    topic: Annotated[str | None, typer.Option(help="The topic whose readers go back.")] = None,
    since: Annotated[str | None, typer.Option(help="Records from this time on: 2026-11-21T08:00, local time.")] = None,
    offset: Annotated[int | None, typer.Option(help="Records from this offset on.", min=0)] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild-join", help="Make the joiner's table anew from the topics; repair what is lost.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Process a video again from a stage, let the stages that read a topic read it again, or rebuild the join.

    A replay of a video is a new generation: without --fresh everything that was computed before is answered from the
    result cache, so only what changed since is computed.

    Videos of a day go behind everything else that waits (as with --priority low). Those that are under way or were
    cancelled are left out.

    --topic and --rebuild-join need agents that are stopped: `clipstream down`, this command, `clipstream up`. The
    embedded Kafka is started for as long as they take.

    Examples:

        clipstream replay --video 3f2a9c0d11e4b7a6 --from transcriber --fresh

        clipstream replay --day 2026-11-21 --from transcriber --dry-run

        clipstream replay --topic audio-chunk --since 2026-11-21T08:00 --dry-run

        clipstream replay --rebuild-join --dry-run
    """
    settings = load_settings()
    if (video is not None) + (day is not None) + (topic is not None) + rebuild != 1:
        raise typer.BadParameter("Say one of --video ID, --day DATE, --topic NAME and --rebuild-join.")
    if stage is not None and stage not in STAGES:
        raise typer.BadParameter(f"No stage '{stage}'. There are: {', '.join(STAGES)}.", param_hint="--from")
    if rebuild:
        if stage is not None or fresh or since is not None or offset is not None:
            raise typer.BadParameter("--rebuild-join goes with --dry-run and --json only.")
        _print_rebuilt(asyncio.run(_rebuild(settings, dry_run=dry_run)), dry_run, as_json)
        return
    if (video or day) is not None and (since is not None or offset is not None):
        raise typer.BadParameter("--since and --offset go with --topic.")
    if day is not None:
        wanted = _day(day)
        asyncio.run(create_topics(settings))
        _print_day(asyncio.run(_of_day(settings, wanted, stage, fresh=fresh, dry_run=dry_run)), dry_run, as_json)
        return
    if video is not None:
        asyncio.run(create_topics(settings))
        request = asyncio.run(replay_video(settings, video, stage, fresh=fresh, dry_run=dry_run))
        if as_json:
            print_json({"video_id": video, "generation": request.generation, "uri": request.uri, "dry_run": dry_run})
        else:
            print_text(video)
            told = f"{'Would be' if dry_run else 'Submitted as'} generation {request.generation}"
            console.print(f"{told}: {escape(shown(request.uri))}")
        return
    if (since is None) == (offset is None):
        raise typer.BadParameter("Say either --since TIME or --offset N.")
    assert topic is not None
    if topic not in topics.BY_NAME:
        raise typer.BadParameter(f"No topic '{topic}'. There are: {', '.join(topics.BY_NAME)}.")
    readers_of(topic)  # refuses before a broker is started
    moved = asyncio.run(_rewind(settings, topic, _milliseconds(since), offset, dry_run=dry_run))
    if as_json:
        rows = [
            {"agent": one.agent, "topic": one.topic, "partition": one.partition, "offset": one.offset,
             "records": one.records} for one in moved
        ]  # fmt: skip
        print_json({"dry_run": dry_run, "positions": rows})
        return
    _print(moved, dry_run)


async def _rebuild(settings: Settings, *, dry_run: bool) -> Rebuilt:
    async with _quiet_broker(settings, dry_run=dry_run) as reached:
        with waiting("Rebuilding the join"):
            return await rebuild_join(reached, dry_run=dry_run, patience_s=_patience_s(settings))


async def _rewind(
    settings: Settings, topic: str, since_ms: int | None, offset: int | None, *, dry_run: bool
) -> list[Rewind]:
    patience_s = _patience_s(settings)
    async with _quiet_broker(settings, dry_run=dry_run) as reached:
        with waiting("Moving offsets"):
            return await replay_topic(
                reached, topic, since_ms=since_ms, offset=offset, dry_run=dry_run, patience_s=patience_s
            )


def _patience_s(settings: Settings) -> float:
    return settings.session_timeout_s + _BEYOND_SESSION_S


@asynccontextmanager
async def _quiet_broker(settings: Settings, *, dry_run: bool) -> AsyncIterator[Settings]:
    """A broker, the embedded one if need be, for which this state folder starts no agents meanwhile.

    Yields:
        The settings with its address.
    """
    async with broker_running(settings) as broker:
        keeper = agents_lock(settings)
        if not dry_run and not keeper.acquire():
            raise ClipstreamError(
                f"The agents of {settings.data_dir} are running, which this cannot be done beside.",
                "Stop them with `clipstream down`, or wait for the `clipstream process` that runs; "
                "then run this command again.",
            )
        try:
            yield broker.settings
        finally:
            keeper.release()


async def _of_day(settings: Settings, day: date, stage: str | None, *, fresh: bool, dry_run: bool) -> list[OfDay]:
    return [one async for one in replay_day(settings, day, stage, fresh=fresh, dry_run=dry_run)]


def _print_day(found: list[OfDay], dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": dry_run, "videos": [asdict(one) for one in found]})
        return
    for one in found:
        print_text(
            f"{one.video_id}  " + (f"left out: {one.left_out}" if one.left_out else f"generation {one.generation}")
        )
    count = sum(not one.left_out for one in found)
    console.print(f"{count} of {len(found)} videos {'would be' if dry_run else 'were'} submitted.")


def _print(moved: list[Rewind], dry_run: bool) -> None:
    table = Table("agent", "records again", "partitions", box=None, header_style="bold", pad_edge=False)
    for agent in dict.fromkeys(one.agent for one in moved):
        mine = [one for one in moved if one.agent == agent]
        table.add_row(agent, str(sum(one.records for one in mine)), str(len(mine)))
    out().print(table)
    console.print("Nothing was changed." if dry_run else "They read again from there when they start: `clipstream up`.")


def _print_rebuilt(done: Rebuilt, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": dry_run, **asdict(done)})
        return
    table = Table("video", "generation", "revision", "", "why", box=None, header_style="bold", pad_edge=False)
    for one in done.published:
        table.add_row(one.video_id, str(one.generation), str(one.revision), one.completeness, one.reason)
    if done.published:
        out().print(table)
    console.print(
        f"{done.records} records of {done.videos} videos, {done.open} of which wait for parts; "
        f"{done.changes} records {'would go' if dry_run else 'went'} to the changelog, "
        f"{len(done.published)} {'would be' if dry_run else 'were'} published again."
    )
    if not dry_run:
        console.print("The joiner may be started now: `clipstream up`.")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no day; write 2026-11-21.", param_hint="--day") from None


def _milliseconds(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no time; write 2026-11-21T08:00.", param_hint="--since") from None
