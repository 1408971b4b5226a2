"""`bench cancel`, `bench priorities`: how soon what users ask for has its effect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from streams.cli.bench_output import check, give
from streams.cli.console import console, out, print_text
from streams.reading import load_settings

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")]


def cancel(
    tries: Annotated[int, typer.Option(help="Cancellings of each stage.", min=1)] = 3,
    as_json: AsJson = False,
    output: Output = None,
) -> None:
    """From the order to cancel to the last moment of work, stage by stage, with items that never end by themselves.

    Examples:

        clipstream bench cancel
    """
    from ops.bench.cancel import run

    check(output)
    found = _with_bar("cancellings", lambda say: run(load_settings(), say, tries))
    give(found, as_json, output, _print_cancel)


def priorities(
    queued: Annotated[int, typer.Option(help="Stub videos that wait from the start.", min=2)] = 40,
    each: Annotated[int, typer.Option(help="An urgent one comes when so many of them are through.", min=1)] = 5,
    chunks: Annotated[int, typer.Option(help="Audio chunks of a video.", min=1)] = 20,
    stub_ms: Annotated[float, typer.Option(help="What recognition or analysis of one item takes.", min=0.0)] = 100.0,
    as_json: AsJson = False,
    output: Output = None,
) -> None:
    """How long urgent videos wait behind a queue, with levels of urgency and without.

    Examples:

        clipstream bench priorities --queued 100
    """
    from ops.bench.plan import Plan
    from ops.bench.priorities import run

    check(output)
    plan = Plan(chunks=chunks, batches=5, stub_ms=stub_ms)
    found = _with_bar("videos", lambda say: run(queued, each, plan, load_settings(), say))
    give(found, as_json, output, _print_priorities)


def _with_bar(
    what: str, run: Callable[[Callable[[int, int], None]], Coroutine[Any, Any, dict[str, Any]]]
) -> dict[str, Any]:
    with Progress(TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task(what, total=None)
        return asyncio.run(run(lambda done, total: bar.update(task, completed=done, total=total)))


def _print_cancel(found: dict[str, Any]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("stage", "job", "last work ms", "told ms", "records after it"):
        table.add_column(name, justify="left" if name in ("stage", "job") else "right")
    for row in found["rows"]:
        kind = "asks" if row["asks"] else "is killed"
        table.add_row(row["item"], kind, str(row["last_ms"]), str(row["told_ms"]), str(row["late_records"]))
    out().print(table)
    print_text(f"at most {found['pooled']['last_ms']} ms; {found['pooled']['restarts']} workers were started again")


def _print_priorities(found: dict[str, Any]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("videos", "number", "median s", "95 % s", "longest s", "all s"):
        table.add_column(name, justify="left" if name == "videos" else "right")
    for row in found["rows"]:
        waits = (f"{row[name]:.1f}" for name in ("median_s", "p95_s", "max_s", "seconds"))
        table.add_row(row["item"], str(row["videos"]), *waits)
    out().print(table)
    print_text(f"the median urgent one is through {found['pooled']['gain']} times as soon")
