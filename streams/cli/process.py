"""`demo`, `process`: everything in one command, embedded cluster included."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from processors.blobs import BlobStore
from processors.errors import ClipstreamError, InvalidMessage, Retryable
from processors.media import weburl
from processors.media.source import scheme_of
from processors.options import Options, Profile
from schemas.messages import Segments, VideoIngested
from streams import results, topics
from streams.cli.console import console, escape, print_json, print_result
from streams.cli.embedded import Agents, Broker, agents_running, broker_running
from streams.cli.ends import Ends
from streams.cli.options import OptionFlags, TakesFiles, options_from
from streams.cli.reporting import check_writable, write_report
from streams.cli.revisions import revision_told
from streams.client import following, keep_highest, latest_results, next_request, producing, request_for
from streams.hosted_services import second_look_limit_s
from streams.places import check_folder
from streams.progress import VideoProgress
from streams.reading import load_settings
from streams.settings import Settings
from streams.sources import name_of

EXIT_FAILED: Final = 1
EXIT_DEGRADED: Final = 3
SAMPLE: Final = Path(__file__).parents[2] / "ops" / "sample" / "sample.mp4"


@dataclass
class Job:
    """One source on its way."""

    source: str
    request: VideoIngested | None = None
    result: dict[str, Any] | None = None
    progress: VideoProgress = field(default_factory=lambda: VideoProgress(""))
    first_segments_s: float | None = None
    looked_at: bool = False  # through, and a service is looking at its best segments again

    @property
    def name(self) -> str:
        """For people."""
        return name_of(self.source)

    def finish(self, result: dict[str, Any]) -> None:
        """Take a result; where it comes from is told without what may be a secret."""
        self.result = {**result, "source": weburl.public(self.source)}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel="Everything in one", cls=TakesFiles)(demo)
    app.command("process", rich_help_panel="Everything in one", cls=TakesFiles)(process_command)


def demo(
    video: Annotated[Path | None, typer.Argument(help="A video file; the bundled sample when left out.")] = None,
    report: Annotated[Path, typer.Option("--report", "-o", help="Where the report goes.")] = Path(
        "clipstream-report.html"
    ),
    fresh: Annotated[bool, typer.Option(help="Compute anew instead of answering from results and cache.")] = False,
) -> None:
    """Start everything embedded, process a video, show its ranked segments and write a report.

    Examples:

        clipstream demo

        clipstream demo talk.mp4 -o talk.html
    """
    settings = load_settings()
    source = str(video or SAMPLE)
    check_writable(report)

    def show(jobs: list[Job]) -> None:
        assert jobs[0].result is not None
        print_result(jobs[0].result, Path(source).name)
        if jobs[0].result["segments"] or jobs[0].result["transcript"]:
            write_report(jobs[0].result, settings, report)
            console.print(
                f"\nReport: [bold]{escape(str(report.absolute()))}[/]  (one file, opens offline)", soft_wrap=True
            )

    raise typer.Exit(_run_all(settings, [source], Options(), show, fresh=fresh))


def process_command(
    videos: Annotated[list[str], typer.Argument(help="Files or URIs.", metavar="VIDEO...")],
    as_json: Annotated[bool, typer.Option("--json", help='One JSON document: {"results": [...]}.')] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for NAME.json and NAME.html of each video.")] = None,
    option: OptionFlags = None,
    fresh: Annotated[bool, typer.Option(help="Compute anew instead of answering from results and cache.")] = False,
) -> None:
    """Process videos, then stop: starts what does not run, and stops what it started.

    Exit code: 1 when any video failed, else 3 when any is degraded or was cancelled, else 0.

    Examples:

        clipstream process talk.mp4 --json > talk.json

        clipstream process *.mp4 --out results --option profile=fast --option max_segments=5
    """
    settings = load_settings()
    options = options_from(option, settings)
    if out is not None:
        _make_folder(out)

    def show(jobs: list[Job]) -> None:
        if out is not None:
            _write_all(jobs, settings, out)
        if as_json:
            print_json({"results": [job.result for job in jobs]})
            return
        for job in jobs:
            assert job.result is not None
            print_result(job.result, job.name)

    raise typer.Exit(_run_all(settings, videos, options, show, fresh=fresh))


def _run_all(
    settings: Settings, sources: list[str], options: Options, show: Callable[[list[Job]], None], *, fresh: bool
) -> int:
    """Process and show; returns the exit code."""
    try:
        return _exit_code(asyncio.run(_process(settings, sources, options, show, fresh=fresh)))
    except KeyboardInterrupt:
        console.print("Interrupted. What was computed is kept; the next start goes on from there.")
        raise


async def _process(
    settings: Settings, sources: list[str], options: Options, show: Callable[[list[Job]], None], *, fresh: bool
) -> list[Job]:
    """Process and show; what was started here goes on while others use it, and stops after that."""
    check_folder(settings.data_dir, "data", "CLIPSTREAM_DATA_DIR")  # no fault of a video
    jobs = [_job(source, options, settings) for source in sources]
    waiting = [job for job in jobs if job.request is not None]
    async with AsyncExitStack() as running:
        if waiting:
            await asyncio.to_thread(BlobStore(settings.store).check)  # agents would only die of it, again and again
            broker = await running.enter_async_context(broker_running(settings))
            async with broker.while_there():
                await _run(broker, running, waiting, options.profile, fresh=fresh)
        show(jobs)
    return jobs


def _job(source: str, options: Options, settings: Settings) -> Job:
    if scheme_of(source) in weburl.SCHEMES:
        console.print(f"Fetching {escape(weburl.shown(source))}", soft_wrap=True)
    try:
        return Job(source, request_for(source, options, None, settings))
    except (InvalidMessage, Retryable) as error:
        return Job(source, result=results.failed_json(weburl.public(source), error))


async def _run(broker: Broker, running: AsyncExitStack, jobs: list[Job], profile: Profile, *, fresh: bool) -> None:
    settings = broker.settings
    blobs = BlobStore(settings.store)
    known = await latest_results(settings)
    by_id: dict[str, list[Job]] = {}
    async with (
        following(settings, topics.SEGMENTS, topics.PROGRESS, topics.CONTROL) as arrivals,
        producing(settings) as submit,
    ):
        for job in jobs:
            assert job.request is not None
            video_id = job.request.video_id or ""
            held = known.get(video_id)
            request = next_request(job.request, held, settings, fresh=fresh)
            if request is None:
                assert held is not None
                job.finish(results.to_json(held, blobs))
                _say_earlier(job, held)
                continue
            if video_id not in by_id:  # the same file twice on the command line is one video
                job.request = request = await submit(request)
            else:
                job.request = request = by_id[video_id][0].request
            assert request is not None
            job.progress = VideoProgress(video_id, request.generation)
            by_id.setdefault(video_id, []).append(job)
        if by_id:
            agents = await running.enter_async_context(agents_running(broker, {profile}))
            ends = Ends(by_id, second_look_limit_s(settings), time.monotonic)
            await _follow(_while_possible(arrivals, agents), by_id, ends, blobs)


def _say_earlier(job: Job, held: Segments) -> None:
    """That this is an earlier result, and how to have made anew what is missing from it."""
    told = f"{job.name}: known from an earlier run"
    if held.missing:
        told += f"; what is missing may be made anew: clipstream replay --video {held.video_id}"
    console.print(escape(told), soft_wrap=True)


async def _while_possible(arrivals: AsyncIterator[Any], agents: Agents) -> AsyncIterator[Any]:
    """Pass on what arrives; raise when an agent cannot work here."""
    async for arrival in arrivals:
        agents.check()
        yield arrival


async def _follow(arrivals: Any, by_id: dict[str, list[Job]], ends: Ends, blobs: BlobStore) -> None:
    newest: dict[str, Segments] = {}
    started = time.monotonic()
    with _Bars(by_id) as bars:
        async for arrival in arrivals:
            if arrival is not None:
                spec, message = arrival
                jobs = by_id.get(message.video_id, [])
                if spec is topics.CONTROL:
                    ends.cancel(message)
                elif spec is topics.PROGRESS:
                    for job in jobs:
                        job.progress.update(message)
                elif _is_of(jobs, message) and keep_highest(newest, message):
                    bars.note(jobs[0], message, time.monotonic() - started)
                    ends.take(message)
                    jobs[0].looked_at = ends.looked_at(message.video_id)
            bars.update()
            for video_id in ends.given_up():
                console.print(f"{escape(by_id[video_id][0].name)}: the second look did not come; the result stands.")
            if ends.over:
                break
    for video_id, jobs in by_id.items():
        for job in jobs:
            job.finish(results.to_json(newest[video_id], blobs))


def _is_of(jobs: list[Job], result: Segments) -> bool:
    """Whether a result is of the generation that was asked for."""
    request = jobs[0].request if jobs else None
    return request is not None and result.generation == request.generation


class _Bars:
    """Progress bars on a terminal; elsewhere a plain line when something of note happens."""

    def __init__(self, by_id: dict[str, list[Job]]) -> None:
        self._jobs = [jobs[0] for jobs in by_id.values()]
        self._live = console.is_terminal
        self._bars = Progress(
            TextColumn("[bold]{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(), TextColumn("[dim]{task.fields[what]}"), console=console, transient=True,
            disable=not self._live,
        )  # fmt: skip
        self._tasks = [self._bars.add_task(escape(job.name), total=1.0, what="") for job in self._jobs]
        self._said: dict[int, int] = {}

    def __enter__(self) -> _Bars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def update(self) -> None:
        """Draw where each video is."""
        for task, job in zip(self._tasks, self._jobs, strict=True):
            overall = job.progress.overall
            what = "second look" if job.looked_at else job.progress.summary()
            self._bars.update(task, completed=overall, what=escape(what))
            quarter = int(overall * 4)
            if not self._live and self._said.get(task, 0) < quarter < 4:  # the end has a line of its own
                self._said[task] = quarter
                summary = escape(job.progress.summary())
                console.print(f"{escape(job.name)}: {overall:.0%}, {summary}", soft_wrap=True)

    def note(self, job: Job, result: Segments, seconds: float) -> None:
        """A new revision came."""
        if result.segments and job.first_segments_s is None:
            job.first_segments_s = seconds
        told = revision_told(result)
        if result.enriched:
            told = f"second look at {sum(segment.insight is not None for segment in result.segments)} segments"
        waits = "; a second look is to come" if result.second_look is not None else ""
        console.print(f"{escape(job.name)}: {told} after {seconds:.1f} s{waits}", soft_wrap=True)


def _write_all(jobs: list[Job], settings: Settings, folder: Path) -> None:
    import orjson

    taken: set[str] = set()
    for job in jobs:
        assert job.result is not None
        stem = _free_name(Path(job.name).stem or "video", taken)
        (folder / f"{stem}.json").write_bytes(orjson.dumps(job.result, option=orjson.OPT_INDENT_2))
        if job.result["video_id"]:
            try:
                write_report(job.result, settings, folder / f"{stem}.html")
            except ClipstreamError as error:
                console.print(f"[yellow]No report for {escape(stem)}:[/] {escape(error.reason)}")


def _make_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InvalidMessage(f"{folder} is a file, not a folder for the results.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidMessage(f"The folder {folder} for the results cannot be made: {error.strerror}.") from error


def _free_name(stem: str, taken: set[str]) -> str:
    """A name that no other video of this run has: `talk`, `talk-2`, `talk-3`."""
    name = next(name for n in count(1) if (name := stem if n == 1 else f"{stem}-{n}") not in taken)
    taken.add(name)
    return name


def _exit_code(jobs: list[Job]) -> int:
    statuses = {job.result["status"] for job in jobs if job.result is not None}
    if "failed" in statuses:
        return EXIT_FAILED
    return EXIT_DEGRADED if statuses & {"degraded", "cancelled"} else 0
