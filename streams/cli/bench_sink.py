"""`bench sink`: rows a second of the sink's transactions beside single inserts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from streams.cli.bench_output import check, give
from streams.cli.console import console, out, print_text
from streams.reading import load_settings


def sink(
    videos: Annotated[int, typer.Option(help="Videos with some 70 utterances each.", min=1)] = 200,
    rounds: Annotated[int, typer.Option(help="Each way so often; the median counts.", min=1)] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """The same rows as batches and one by one into a Postgres of its own: rows a second.

    Examples:

        clipstream bench sink

        clipstream bench sink --videos 1000 --json
    """
    from ops.bench.sink import run

    check(output)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        found = run(
            videos,
            rounds,
            load_settings(),
            lambda name, done, total: bar.update(task, description=name, completed=done, total=total),
        )
    give(found, as_json, output, _print)


def _print(found: dict[str, Any]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("", "rows", "seconds", "rows/s"):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for row in found["rows"]:
        table.add_row(row["item"], f"{row['rows']:,}", f"{row['seconds']:.2f}", f"{row['rows_per_s']:,}")
    out().print(table)
    pooled = found["pooled"]
    print_text(
        f"{pooled['best']}: {pooled['times_autocommit']} times single inserts in autocommit, "
        f"{pooled['times_one_transaction']} times those in one transaction; "
        f"repeats {pooled['repeat_rows_per_s']:,} rows/s"
    )


__all__ = ["sink"]
