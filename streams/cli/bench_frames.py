"""`bench frames`: what choosing pictures costs, and what is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from processors.errors import InvalidMessage
from processors.models.store import ModelStore
from streams.cli.bench_output import give
from streams.cli.console import console, out, print_text
from streams.reading import load_settings


def frames(
    data: Annotated[
        Path, typer.Option(help="Folder with one folder an item, films with NAME.truth.json or cuts.json.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """Processor seconds of choosing pictures beside reading all with OpenCV; shots covered; duplicates.

    On films of 1080p that are made from the folder's takes, with key frames of three kinds, and on the folder's own.
    Making them takes some minutes.

    Examples:

        clipstream bench frames --data folder --json -o frames.json
    """
    from ops.bench.frames import run

    if not data.is_dir():
        raise InvalidMessage(f"There is no folder {data}.")
    settings = load_settings()
    models = ModelStore(settings.models_dir, settings.cache_dir, not settings.offline)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("films", total=None)
        found = run(
            data.absolute(),
            models,
            lambda what, done, total: bar.update(task, description=what, completed=done, total=total),
        )
    give(found, as_json, output, _print)


def _print(found: dict[str, Any]) -> None:
    from ops.bench.shots import OURS

    machine = found["machine"]
    console.print(f"{machine['cpu']}, {machine['cores']} cores, {machine['date']}; one thread")
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("film", no_wrap=True)
    table.add_column("shots by", no_wrap=True)
    for name in ("length", "OpenCV", "ours", "less", "chosen", "shown", "twice"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found["rows"]:
        for number, way in enumerate(OURS):
            seconds, opencv_s = f"{row['seconds']:.0f} s", f"{row['opencv_cpu_s']:.2f} s"
            once = (row["item"], seconds, opencv_s) if number == 0 else ("", "", "")
            table.add_row(once[0], way, *once[1:], *_cells(row, way))
    out().print(table)
    print_text(
        "OpenCV, ours: processor seconds; shown: distinct shots with a picture; twice: pictures of repeated shots"
    )
    for way in OURS:
        one = found["pooled"][way]
        print_text(
            f"{way}: {one['recall']:.1%} of {found['pooled']['distinct']} distinct shots have a picture; of "
            f"{one['chosen']} pictures {one['duplicates']:.1%} repeat a shot, {one['alike']:.1%} are alike to another"
        )


def _cells(row: dict[str, Any], way: str) -> tuple[str, ...]:
    one = row[way]
    shown = f"{one['covered']} of {row['distinct']}"
    return f"{one['cpu_s']:.2f} s", f"{one['less']:.1f} x", str(one["chosen"]), shown, str(one["duplicates"])


__all__ = ["frames"]
