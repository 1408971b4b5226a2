"""`bench gateway`: two gateways under submissions and event streams, one of which is killed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from streams.cli.bench_output import check, give
from streams.cli.console import console, out, print_text
from streams.reading import load_settings


def gateway(
    submissions: Annotated[int, typer.Option(help="Videos that are submitted at once.", min=2)] = 200,
    streams: Annotated[int, typer.Option(help="Event streams that are open.", min=1)] = 200,
    chunks: Annotated[int, typer.Option(help="Audio chunks of a stub video.", min=0)] = 20,
    batches: Annotated[int, typer.Option(help="Frame batches of a stub video.", min=0)] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """Stub videos through two gateways on a broker of its own: answers, how far events are behind, what is lost.

    When a third of the videos is through, one gateway is killed and started again.

    Examples:

        clipstream bench gateway --json -o gateway.json
    """
    from ops.bench.gateway import run
    from ops.bench.plan import Plan

    check(output)
    settings = load_settings()
    with Progress(TextColumn("videos"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task("videos", total=None)
        found = asyncio.run(
            run(
                submissions,
                streams,
                Plan(chunks, batches),
                settings,
                lambda done, total: bar.update(task, completed=done, total=total),
            )
        )
    give(found, as_json, output, _print)


def _print(found: dict[str, Any]) -> None:
    machine, pooled = found["machine"], found["pooled"]
    console.print(f"{machine['cpu']}, {machine['cores']} cores, {machine['date']}; load {found['load'][0]}")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("", "count", "p50 ms", "p95 ms", "max ms"):
        table.add_column(name, justify="right" if name else "left")
    for row in found["rows"]:
        table.add_row(row["item"], *(str(row[name]) for name in ("count", "p50_ms", "p95_ms", "max_ms")))
    out().print(table)
    print_text(
        f"{found['submissions']} submissions taken in {pooled['submitted_s']} s; {pooled['through']} through after "
        f"{pooled['seconds']} s.\n{found['streams']} streams were told {pooled['results_told']} results over "
        f"{pooled['connections']} connections: {pooled['lost']} lost, {pooled['repeated']} told twice. The gateway "
        f"that was killed answered again after {pooled['back_s']} s."
    )


__all__ = ["gateway"]
