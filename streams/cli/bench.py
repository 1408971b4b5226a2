"""`bench`: honest comparisons, as commands."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from processors.errors import InvalidMessage
from streams.cli import bench_speakers
from streams.cli.bench_output import FORM, check, give
from streams.cli.console import console, out, print_text
from streams.cli.process import SAMPLE
from streams.reading import load_settings

commands: Final = typer.Typer(no_args_is_help=True, help="Compare with naive ways and with baselines, in one run.")
# A tenth of what recognition of a chunk takes, and each measurement long enough for its start and end not to count.
_SCALE_STUB_MS: Final = 200.0
_SCALE_SECONDS: Final = 20.0
_MEDIA: Final = frozenset({".mp4", ".mkv", ".webm", ".mov"})


def register(app: typer.Typer) -> None:
    """Add the commands."""
    from streams.cli import (
        bench_asr,
        bench_autoscale,
        bench_compute,
        bench_frames,
        bench_gateway,
        bench_long,
        bench_orders,
        bench_progressive,
        bench_ranking,
        bench_segments,
        bench_shots,
        bench_sink,
        bench_vision,
    )

    commands.command()(bench_asr.asr)
    commands.command()(bench_autoscale.autoscale)
    commands.command()(bench_compute.compute)
    commands.command()(bench_frames.frames)
    commands.command()(bench_gateway.gateway)
    commands.command()(bench_long.long)
    commands.command()(bench_orders.cancel)
    commands.command()(bench_orders.priorities)
    commands.command()(bench_progressive.progressive)
    commands.command()(bench_ranking.ranking)
    commands.command()(bench_segments.segments)
    commands.command()(bench_shots.shots)
    commands.command()(bench_sink.sink)
    commands.command()(bench_vision.vision)
    app.add_typer(commands, name="bench", rich_help_panel="Installation")


bench_speakers.register(commands)


@commands.callback()
def group() -> None:
    """Compare with naive ways and with baselines, in one run."""


@commands.command()
def pipeline(
    video: Annotated[list[Path] | None, typer.Option(help="A video; may be given repeatedly.")] = None,
    data: Annotated[
        Path | None, typer.Option(help=f"Folder with one folder an item, NAME.truth.json beside media. {FORM}")
    ] = None,
    model: Annotated[str, typer.Option(help="Recogniser of both sides.")] = "base",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """The same work by a naive script and by clipstream: seconds, ratio, first segment, memory, word errors.

    Without --video and --data the bundled sample is used.

    Examples:

        clipstream bench pipeline --video talk.mp4 --model tiny.en
    """
    from ops.bench.pipeline import run
    from streams.cli.embedded import pull_models

    check(output)
    settings = load_settings(asr_model=model)
    videos = [*(video or []), *(_videos_in(data) if data else [])] or [SAMPLE]
    for path in videos:
        if not path.is_file():
            raise InvalidMessage(f"There is no file {path}.")
    pull_models(settings, {"balanced"})
    found = run([path.absolute() for path in videos], model, settings)
    give(found, as_json, output, _print)


@commands.command()
def stream(
    videos: Annotated[int, typer.Option(help="Stub videos.", min=1)] = 200,
    chunks: Annotated[int, typer.Option(help="Audio chunks of a video.", min=0)] = 20,
    batches: Annotated[int, typer.Option(help="Frame batches of a video.", min=0)] = 5,
    stub_ms: Annotated[float, typer.Option(help="What recognition or analysis of one item takes.", min=0.0)] = 0.0,
    burn: Annotated[bool, typer.Option("--burn", help="Spend that time on the processor, not asleep.")] = False,
    open_videos: Annotated[int, typer.Option("--open", help="Videos under way at a time.", min=1)] = 200,
    scale: Annotated[
        bool, typer.Option("--scale", help="Instead: 1, 2, 4, 8 transcribers, whose items take --stub-ms (200 ms).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """Stub videos through the real agents on a broker of its own: videos an hour, messages a second, memory.

    Beside it, on the same broker, a bare loop that only consumes and produces.

    Examples:

        clipstream bench stream --videos 1000

        clipstream bench stream --videos 100 --stub-ms 50 --json -o stream.json

        clipstream bench stream --scale
    """
    from ops.bench import scale as scaling
    from ops.bench import stream as streaming
    from ops.bench.plan import Plan

    check(output)
    settings = load_settings()
    plan = Plan(chunks, batches, stub_ms or (_SCALE_STUB_MS if scale else 0.0), burn)
    what = "measurements" if scale else "videos"
    with Progress(TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task(what, total=None)

        def say(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        if scale:
            found = asyncio.run(scaling.run(_SCALE_SECONDS, plan, settings, say))
        else:
            found = asyncio.run(streaming.run(videos, open_videos, plan, settings, say))
    give(found, as_json, output, _print_scale if scale else _print_stream)


@commands.command()
def topics(
    data: Annotated[
        Path, typer.Option(help=f"Folder with meetings and their topics, *.jsonl in the form of QMSum. {FORM}")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """Topic boundaries against known ones: Pk and WindowDiff, beside even spacing, chance, TextTiling and none.

    Examples:

        clipstream bench topics --data meetings
    """
    from ops.bench.topics import run_alone

    check(output)
    found = run_alone(data, load_settings())
    give(found, as_json, output, _print_topics)


def _print_topics(found: dict[str, Any]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("", "Pk", "WindowDiff", "boundaries"):
        table.add_column(name, justify="right" if name else "left")
    for name, row in [("clipstream", found["pooled"]), *found["baselines"].items()]:
        table.add_row(name, f"{row['pk']:.3f}", f"{row['window_diff']:.3f}", f"{row['boundaries']:.1f}")
    out().print(table)
    print_text(f"{found['pooled']['meetings']} meetings; true boundaries {found['pooled']['true_boundaries']:.1f}")


def _print_scale(found: dict[str, Any]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("transcribers", "items", "seconds", "items/s", "of linear"):
        table.add_column(name, justify="right")
    for row in found["rows"]:
        table.add_row(
            str(row["workers"]),
            str(row["items"]),
            f"{row['seconds']:.1f}",
            f"{row['items_per_s']:.1f}",
            f"{row['linear']:.0%}",
        )
    out().print(table)


def _print_stream(found: dict[str, Any]) -> None:
    machine, pooled, bare = found["machine"], found["pooled"], found["baselines"]["bare"]
    passes = found["baselines"]["bare_faust"]
    console.print(f"{machine['cpu']}, {machine['cores']} cores, {machine['date']}")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("stage", "records", "records/s", "processor ms/video", "first MB", "last MB"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    for row in found["rows"]:
        table.add_row(
            row["item"],
            f"{row['items']:,}",
            f"{row['items_per_s']:,}",
            f"{row['processor_ms_per_video']:,}",
            f"{row['first_mb']:,}",
            f"{row['last_mb']:,}",
        )
    out().print(table)
    first = pooled["first_progress_s"]
    print_text(
        f"{pooled['videos_per_s']:.2f} videos/s, {pooled['videos_per_hour']:,} an hour; {pooled['statuses']}, "
        f"{pooled['lost']} lost\n"
        f"first progress after {first['p50']} s (median), {first['p95']} s (95 %)\n"
        f"{pooled['messages_per_s']:,} messages/s; bare loop {bare['messages_per_s']:,}: ratio {pooled['ratio']}; "
        f"a Faust agent that only passes records on {passes['messages_per_s']:,}: {passes['ratio_to_bare']} of the loop"
    )


def _videos_in(folder: Path) -> list[Path]:
    """Media with truth beside it, in a folder and those below it.

    Raises:
        typer.BadParameter: there is none.
    """
    found = sorted(
        path
        for path in [*folder.glob("*"), *folder.glob("*/*")]
        if path.suffix in _MEDIA and path.with_name(f"{path.stem}.truth.json").exists()
    )
    if not found:
        raise typer.BadParameter(f"No media with NAME.truth.json beside it in {folder}.", param_hint="--data")
    return found


def _print(found: dict[str, Any]) -> None:
    machine = found["machine"]
    console.print(f"{machine['cpu']}, {machine['cores']} cores, {machine['date']}, model {found['model']}")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("video", "naive s", "clipstream s", "ratio", "first segments", "WER naive", "WER", "largest process"):
        table.add_column(name, justify="left" if name == "video" else "right")
    for row in found["rows"]:
        first = row["first_provisional_s"]
        largest = max(
            ((size, name) for name, size in row["largest_process_mb"].items() if name not in ("kafka", "valkey")),
            default=(0, ""),
        )
        table.add_row(
            row["item"],
            f"{row['naive_seconds']:.1f}",
            f"{row['seconds']:.1f}",
            f"{row['ratio']:.2f}",
            f"{first:.1f} s ({row['first_provisional_share']:.0%})" if first is not None else "-",
            f"{row['naive_wer']['all']:.1%}" if "naive_wer" in row else "-",
            f"{row['wer']['all']:.1%}" if "wer" in row else "-",
            f"{largest[0]} MB ({largest[1]})",
        )
    out().print(table)
    out().print(f"naive / clipstream: {found['pooled']['ratio']:.2f}")
    kept = found["pooled"]["accuracy"]
    print_text(
        f"Accuracy kept: words {_share(kept['words_kept'])}, shots {_share(kept['shots_kept'])}; of the naive script's "
        f"{kept['naive_segments']} segments {_share(kept['spans_found'])} are among ours;\n"
        f"nearest segment of {kept['highlights']} known highlights: {_share(kept['highlights_kept'])} of its IoU"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
