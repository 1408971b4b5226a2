"""`ingest`, `results`, `transcript`, `report`: what goes into the stream and what comes out."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from aiokafka.errors import KafkaError

from ops.local.info import LOCK_FILE
from ops.local.owner_lock import is_owned
from processors.blobs import BlobStore
from processors.domain import Document
from processors.errors import ClipstreamError
from processors.segments.formats import render_transcript
from schemas.messages import Segments, VideoIngested
from streams import results as result_forms
from streams import topics
from streams.cli.console import console, print_json, print_json_line, print_result, print_text
from streams.cli.options import OptionFlags, TakesFiles, options_from
from streams.cli.presence import of_another, while_there
from streams.cli.reporting import result_json, write_report
from streams.cli.revisions import revision_told
from streams.client import TERMINAL, following, keep_highest, latest_results, producing, request_for, requests
from streams.connection import BrokerRefuses, BrokerUnreachable
from streams.places import check_folder
from streams.priorities import NAMES, named
from streams.reading import load_settings
from streams.settings import BrokerBusy, Settings
from streams.sources import name_of

_POLL_S: Final = 0.5


def register(app: typer.Typer) -> None:
    """Add the commands."""
    panel = "Videos and results"
    app.command(rich_help_panel=panel, cls=TakesFiles)(ingest)
    app.command("results", rich_help_panel=panel)(results)
    app.command(rich_help_panel=panel)(transcript)
    app.command(rich_help_panel=panel)(report)


def ingest(
    uris: Annotated[list[str], typer.Argument(help="Files or URIs.", metavar="URI...")],
    video_id: Annotated[str | None, typer.Option(help="Your own id; only with one URI.")] = None,
    option: OptionFlags = None,
    priority: Annotated[
        str, typer.Option(help="high, normal, low, or a number: of what waits the highest goes first.")
    ] = "normal",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Produce videos to the ingest topic and print their ids; returns at once.

    Examples:

        clipstream ingest talk.mp4 --option profile=best --priority high

        clipstream results $(clipstream ingest talk.mp4) --wait 600
    """
    if video_id is not None and len(uris) != 1:
        raise typer.BadParameter("--video-id goes with exactly one URI.")
    settings = load_settings()
    settings.bootstrap_servers()
    options = options_from(option, settings)
    check_folder(settings.data_dir, "data", "CLIPSTREAM_DATA_DIR")  # where digests are noted
    level = _priority(priority)
    requests = [replace(request_for(uri, options, video_id, settings), priority=level) for uri in uris]
    asyncio.run(_submit(settings, requests))
    if as_json:
        print_json({"videos": [{"video_id": request.video_id, "uri": request.uri} for request in requests]})
    else:
        for request in requests:
            print_text(request.video_id or "")


def _priority(text: str) -> int:
    try:
        return named(text)
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is none of {', '.join(NAMES)} and no number.", param_hint="--priority"
        ) from None


async def _submit(settings: Settings, requests: list[VideoIngested]) -> None:
    from streams.admin import create_topics

    await create_topics(settings)  # also says within seconds when there is no broker
    async with producing(settings) as submit:
        for request in requests:
            await submit(request)


def results(
    video_ids: Annotated[list[str] | None, typer.Argument(help="All when left out.", metavar="[VIDEO_ID]...")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with each new revision.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait until the videos are through.", min=0.0)] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document; with --follow one line each.")] = False,
    canonical: Annotated[bool, typer.Option(help="The canonical form: equal bytes for equal work.")] = False,
) -> None:
    """The newest revision of each video's result.

    Exit code 1 when --wait ran out before all of them were through. Of a video that is replayed --wait waits for the
    new generation.

    Examples:

        clipstream results --json

        clipstream results 3f2a9c0d11e4b7a6 --wait 600
    """
    settings = load_settings()
    wanted = set(video_ids or [])
    if follow:
        asyncio.run(_follow(settings, wanted, as_json))
        return
    settings, found, asked = asyncio.run(_wait(settings, wanted, wait))
    blobs = BlobStore(settings.store)
    if canonical:
        for video_id in sorted(found):
            print_text(result_forms.canonical(found[video_id], blobs).decode())
    elif as_json:
        print_json({"results": [result_forms.to_json(found[key], blobs) for key in sorted(found)]})
    else:
        for video_id in sorted(found):
            merged = result_forms.to_json(found[video_id], blobs)
            told = revision_told(found[video_id]) if found[video_id].status == "provisional" else ""
            name = name_of(asked[video_id].uri) if video_id in asked else video_id
            print_result(merged, merged["title"] or name, told)
    # who waits, waits for what was asked for last; who only looks is shown what there is
    unfinished = [key for key in sorted(wanted) if not _through(found.get(key), asked.get(key) if wait else None)]
    if unfinished:
        console.print(f"No final result yet: {', '.join(unfinished)}")
        raise typer.Exit(1)


async def _wait(
    settings: Settings, wanted: set[str], seconds: float
) -> tuple[Settings, dict[str, Segments], dict[str, VideoIngested]]:
    """The settings with the broker that answered, the newest results, the newest requests of all videos.

    An embedded Kafka that is just starting, or is started again, is waited for as well.

    Raises:
        ClipstreamError: nobody submitted one of the videos.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            async with while_there(of_another(settings)):
                return settings, *await _found(settings, wanted, deadline)
        except BrokerRefuses:
            raise
        except (BrokerBusy, BrokerUnreachable, KafkaError):
            if time.monotonic() >= deadline or not is_owned(settings.data_dir / LOCK_FILE):
                raise
        await asyncio.sleep(_POLL_S)
        settings = load_settings()


async def _found(
    settings: Settings, wanted: set[str], deadline: float
) -> tuple[dict[str, Segments], dict[str, VideoIngested]]:
    from streams.admin import connect

    await (await connect(settings)).close()
    asked: dict[str, VideoIngested] = {}
    async for video_id, request in requests(settings):
        if video_id not in asked or request.generation >= asked[video_id].generation:
            asked[video_id] = request
    async with following(settings, topics.SEGMENTS) as arrivals:
        everything = await latest_results(settings)
        for video_id in sorted(wanted - set(asked) - set(everything)):
            raise ClipstreamError(
                f"Nothing is known of video '{video_id}'.", "`clipstream status` lists all that were submitted."
            )
        found = {key: value for key, value in everything.items() if key in wanted or not wanted}
        async for arrival in arrivals:
            if arrival is not None and arrival[1].video_id in wanted:
                keep_highest(found, arrival[1])
            through = all(_through(found.get(key), asked.get(key)) for key in wanted)
            if (wanted and through) or time.monotonic() >= deadline:
                break
    return found, asked


def _through(result: Segments | None, request: VideoIngested | None) -> bool:
    """Whether a result is the last one of what was asked for: that of a generation before a replay is not."""
    if result is None or result.status not in TERMINAL:
        return False
    return request is None or result.generation >= request.generation


async def _follow(settings: Settings, wanted: set[str], as_json: bool) -> None:
    blobs = BlobStore(settings.store)
    newest: dict[str, Segments] = {}
    async with (
        while_there(of_another(settings)),
        following(settings, topics.SEGMENTS, from_start=True) as arrivals,
    ):
        async for arrival in arrivals:
            if arrival is None:
                continue
            result: Segments = arrival[1]
            if (wanted and result.video_id not in wanted) or not keep_highest(newest, result):
                continue
            merged = result_forms.to_json(result, blobs)
            if as_json:
                print_json_line(merged)
            else:
                print_result(merged, merged["title"] or result.video_id, revision_told(result))


def transcript(
    video_id: Annotated[str, typer.Argument()],
    form: Annotated[
        Literal["json", "srt", "vtt", "txt", "rttm"], typer.Option("--format", "-f", help="Form of the transcript.")
    ] = "txt",
) -> None:
    """The transcript of a video.

    Examples:

        clipstream transcript 3f2a9c0d11e4b7a6 --format srt > talk.srt
    """
    settings = load_settings()
    merged = asyncio.run(result_json(settings, video_id))
    document = _document(merged)
    print_text(render_transcript(document.transcript, form, document.turns, video_id))


def report(
    video_id: Annotated[str, typer.Argument()],
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML file.")] = Path("clipstream-report.html"),
) -> None:
    """Write the report of a video: one HTML file, readable offline.

    Examples:

        clipstream report 3f2a9c0d11e4b7a6 -o talk.html
    """
    settings = load_settings()
    write_report(asyncio.run(result_json(settings, video_id)), settings, output)
    print_text(str(output.absolute()))


def _document(merged: dict[str, Any]) -> Document:
    from pydantic import TypeAdapter

    return TypeAdapter(Document).validate_python({name: merged[name] for name in ("transcript", "turns")})


__all__ = ["register"]
