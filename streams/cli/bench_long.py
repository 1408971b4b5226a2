"""`bench long`: hours of sound through all agents, and the memory of each meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from processors.errors import InvalidMessage
from processors.options import Options, Profile
from streams.cli.bench_output import check, give
from streams.cli.console import console, out, print_text
from streams.cli.process import SAMPLE
from streams.reading import load_settings


def long(
    hours: Annotated[float, typer.Option(help="Of sound.", min=0.01, max=24.0)] = 6.0,
    source: Annotated[
        Path, typer.Option(help="Medium whose sound is repeated until it is that long.", show_default="bundled sample")
    ] = SAMPLE,
    model: Annotated[str | None, typer.Option(help="Recogniser, instead of the choice by profile.")] = None,
    profile: Annotated[Profile, typer.Option(help="Of the request.")] = "balanced",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """One long recording through all agents on a broker of its own: memory of each worker from start to end.

    Six hours take 10 to 30 minutes on two cores, by the recogniser.

    Examples:

        clipstream bench long --hours 6 --model tiny.en

        clipstream bench long --hours 1 --source talk.mp4 --profile fast --json -o long.json
    """
    from ops.bench.long import run
    from streams.cli.embedded import pull_models

    check(output)
    if not source.is_file():
        raise InvalidMessage(f"There is no file {source}.")
    settings = load_settings(asr_model=model)
    pull_models(settings, {profile})
    shown = TextColumn("{task.description}")
    with Progress(SpinnerColumn(), shown, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def say(worker_mb: float, child_mb: float) -> None:
            bar.update(task, description=f"transcriber: worker {worker_mb:.0f} MB, largest child {child_mb:.0f} MB")

        found = asyncio.run(run(source.absolute(), hours, Options(profile=profile), settings, say))
    give(found, as_json, output, _print)


def _print(found: dict[str, Any]) -> None:
    machine, pooled = found["machine"], found["pooled"]
    console.print(f"{machine['cpu']}, {machine['cores']} cores, {machine['date']}; {', '.join(found['models'])}")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("stage", "worker MB", "growth", "largest child MB", "growth"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    for row in found["rows"]:
        table.add_row(
            row["item"],
            f"{row['worker_peak_mb']:.0f}",
            f"{row['worker_growth_mb']:+.1f}",
            f"{row['child_peak_mb']:.0f}",
            f"{row['child_growth_mb']:+.1f}",
        )
    out().print(table)
    print_text(
        f"{pooled['duration_ms'] / 3_600_000:.2f} h of sound in {pooled['seconds']:.0f} s, {pooled['real_time']} times "
        f"real time; {pooled['status']}, {pooled['utterances']} utterances, {pooled['speakers']} speakers, "
        f"{pooled['restarts']} restarts\n"
        "growth: largest size in the last twelfth of the run against the second twelfth"
    )


__all__ = ["long"]
