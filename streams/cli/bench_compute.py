"""`bench compute`: children of a process beside a Ray cluster."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from processors.errors import ClipstreamError
from streams.cli.bench_output import check, give
from streams.cli.console import console, out
from streams.reading import load_settings


def compute(
    video: Annotated[Path | None, typer.Option(help="Whose items are computed; else the bundled sample's.")] = None,
    rounds: Annotated[int, typer.Option(help="Of each way.", min=1)] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """Recognition and vision in children of a process and in Ray, in turns: items a second, memory, equal bytes.

    Examples:

        clipstream bench compute

        clipstream bench compute --rounds 5 --json
    """
    from ops.bench.compute import run
    from streams.cli.process import SAMPLE
    from streams.ray_cluster import installed

    check(output)
    if not installed():
        raise ClipstreamError("Ray is not installed.", "pip install 'clipstream[ray]'")
    with Progress(TextColumn("rounds"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task("rounds", total=None)

        def say(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        found = asyncio.run(run(video or SAMPLE, rounds, load_settings(), say))
    give(found, as_json, output, _print)


def _print(found: dict[str, Any]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("stage", "items", "items/s", "with Ray", "ratio", "start", "with Ray", "memory", "with Ray"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    for row in found["rows"]:
        table.add_row(
            row["item"],
            str(row["items"]),
            f"{row['processes_items_per_s']:.2f}",
            f"{row['ray_items_per_s']:.2f}",
            f"{row['ratio']:.2f}",
            f"{row['processes_start_s']:.1f} s",
            f"{row['ray_start_s']:.1f} s",
            f"{row['processes_mb']:,} MB",
            f"{row['ray_mb']:,} MB",
        )
    out().print(table)


__all__ = ["compute"]
