"""`status`: agents alive, consumer lag, how far each video is, and which ones do not get on."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer
from rich.table import Table

from processors.errors import ClipstreamError
from schemas.messages import Progress, Segments
from streams import groups, topics
from streams.cli.console import escape, out, print_json, styled
from streams.cli.making import how_made, made_told
from streams.cli.revisions import revision_told
from streams.client import TERMINAL, erased_videos, latest_results, read_all, requests
from streams.clock import SYSTEM_CLOCK
from streams.progress import VideoProgress
from streams.reading import load_settings
from streams.secrets import masked
from streams.settings import Settings
from streams.stuck import find_stuck
from streams.supervisor import read_states
from streams.worker import living_workers


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Cluster and agents")(status)


def status(
    video_id: Annotated[str | None, typer.Argument(help="Only this video, stage by stage.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Agents alive, consumer lag, and the progress of videos; of one video also how its newest result was made.

    Examples:

        clipstream status

        clipstream status 3f2a9c0d11e4b7a6 --json
    """
    settings = load_settings()
    found = asyncio.run(gathered(settings, video_id))
    found["database"] = _database(settings)
    if as_json:
        print_json(found)
        return
    table = Table("agent", "workers", "lag", "", box=None, header_style="bold", pad_edge=False)
    for agent in found["agents"]:
        alive = str(agent["members"]) if agent["members"] else "[red]none[/]"
        told = told_of(agent)
        table.add_row(agent["agent"], alive, str(agent["lag"]), f"[red]{escape(told)}[/]" if told else "")
    out().print(table)
    if found["database"] is not None and not found["database"]["ok"]:
        out().print(f"[red]{escape(found['database']['problem'])}[/] The sink waits for it.", soft_wrap=True)
    videos = Table("video", "status", "done", "stages", box=None, header_style="bold", pad_edge=False)
    for video in found["videos"]:
        stuck = (
            f"\n[red]stuck at {video['stuck']['stage']}: {escape(video['stuck']['reason'])}[/]"
            if video["stuck"]
            else ""
        )
        done = f"{video['done']:.0%}"
        videos.add_row(video["video_id"], styled(video["status"]), done, escape(video["summary"]) + stuck)
    if found["videos"]:
        out().print(videos)
    if "made" in found:
        for line in made_told(found["made"]):
            out().print(escape(line), soft_wrap=True)


def _database(settings: Settings) -> dict[str, Any] | None:
    """Whether the database answers; None where none is set."""
    if not settings.database_url:
        return None
    from streams.database.connection import connect

    told = {"address": masked(settings.database_url), "ok": True, "problem": ""}
    try:
        connect(settings).close()
    except ClipstreamError as error:
        return {**told, "ok": False, "problem": error.reason}
    return told


def told_of(agent: dict[str, Any]) -> str:
    """What the supervisor knows of an agent that does not work; empty when it does, or when none runs here."""
    state, last_exit = agent.get("state", ""), agent.get("last_exit", "")
    # One that dies again and again is running most of the time. Its group takes it for a member until its session ends,
    # and after an exit for the environment it has to live for a minute before that is over.
    if not last_exit or (state == "running" and agent["members"] and not agent.get("fatal")):
        return ""
    now = "started again" if state == "running" else state
    return f"{now} after {last_exit}, {agent['restarts']} restarts. {agent['reason']}".rstrip()


async def gathered(settings: Settings, video_id: str | None = None) -> dict[str, Any]:
    """What `status --json` prints, but for the database.

    Raises:
        ClipstreamError: no broker, or nothing is known of the video.
    """
    states = {state.agent: state for state in await groups.group_states(settings)}
    supervised = read_states(settings.data_dir)
    videos: dict[str, VideoProgress] = {}
    erased = await erased_videos(settings)  # their progress stays on the topic for a day
    async for key, request in requests(settings):  # those that nobody has taken yet are known from here only
        if video_id in (None, key):
            known = videos.setdefault(key, VideoProgress(key))
            known.generation = max(known.generation, request.generation)
    async for record in read_all(settings, topics.PROGRESS):
        assert isinstance(record, Progress)
        if video_id in (None, record.video_id) and record.generation > erased.get(record.video_id, -1):
            videos.setdefault(record.video_id, VideoProgress(record.video_id)).update(record)
    results = await latest_results(settings)
    if video_id is not None and video_id not in videos and video_id not in results:
        raise ClipstreamError(f"Nothing is known of video '{video_id}'.", "`clipstream status` lists the videos.")
    now_ms = SYSTEM_CLOCK.now_ms()
    listed = []
    for key in sorted(set(videos) | ({video_id} if video_id else set(results))):
        progress = videos.get(key, VideoProgress(key))
        state, result = _state_of(progress, results.get(key))
        if state in TERMINAL and result is not None:
            progress.finish(result.generation, result.run.stages)
        stuck = None if state in TERMINAL else find_stuck(progress, states, supervised, now_ms)
        listed.append(
            {
                "video_id": key,
                "generation": progress.generation,
                "status": state,
                "done": 1.0 if state in TERMINAL else round(progress.overall, 3),
                "summary": _summary(progress, state, result),
                "stuck": {"stage": stuck.stage, "reason": stuck.reason} if stuck is not None else None,
                "stages": {
                    name: {
                        "done": stage.done,
                        "total": stage.total,
                        "fraction": round(progress.fraction(name), 3),
                        "position_ms": stage.position_ms,
                        "failed": stage.failed,
                    }
                    for name, stage in sorted(progress.stages.items())
                },
                "updated_at_ms": progress.updated_at_ms,
            }
        )
    newest = results.get(video_id or "")
    return {
        "broker": masked(settings.broker_url),
        **({"made": how_made(newest)} if newest is not None else {}),
        "agents": [
            {"agent": name, "members": group.members, "lag": group.lag, **supervised.get(name, {})}
            for name, group in states.items()
        ],
        "workers": living_workers(settings.data_dir),
        "videos": listed,
    }


def _summary(progress: VideoProgress, state: str, result: Segments | None) -> str:
    if result is not None and result.error:
        return result.error
    if result is not None and result.second_look is not None:
        return "through; the second look at its best segments is to come"
    if result is not None and result.status == "provisional":
        return f"{revision_told(result)}; {progress.summary()}"
    return progress.summary() if progress.stages or state not in TERMINAL else ""


def _state_of(progress: VideoProgress, result: Segments | None) -> tuple[str, Segments | None]:
    """Status of the newest generation, and its result when there is one."""
    if result is None or result.generation < progress.generation:
        return ("running" if progress.stages else "queued"), None
    return result.status, result
