"""`bench ranking`: time and memory of the segmenter on videos of some hours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from processors.errors import InvalidMessage
from streams.cli.bench_output import check, give
from streams.cli.console import console, out
from streams.reading import load_settings


def ranking(
    hours: Annotated[str, typer.Option(help="Lengths in hours, with commas between.")] = "1,2,3,4,8",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """What ranking costs: processor seconds and memory of the segmenter's job, by the length of the transcript.

    Examples:

        clipstream bench ranking

        clipstream bench ranking --hours 3 --json
    """
    from ops.bench.ranking_cost import run

    check(output)
    try:
        lengths = [int(one) for one in hours.split(",")]
    except ValueError as error:
        raise InvalidMessage(f"'{hours[:40]}' are no hours.", "Give whole ones: --hours 1,2,4") from error
    if min(lengths) < 1:
        raise InvalidMessage("An hour is the least.", "Give whole ones: --hours 1,2,4")
    settings = load_settings()
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        found = run(
            lengths,
            settings.models_dir,
            settings.cache_dir,
            lambda name, done, total: bar.update(task, description=name, completed=done, total=total),
        )
    give(found, as_json, output, _print)


def _print(found: dict[str, Any]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("length", "words", "processor s", "s an hour", "memory MB", "segments"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found["rows"]:
        each = row["seconds"] / row["hours"]
        cells = (row["item"], f"{row['words']:,}", f"{row['seconds']:.2f}", f"{each:.2f}")
        table.add_row(*cells, f"{row['memory_mb']:,}", str(row["segments"]))
    out().print(table)


__all__ = ["ranking"]
