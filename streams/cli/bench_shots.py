"""`bench shots`: shot boundaries against known ones, beside PySceneDetect."""

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


def shots(
    data: Annotated[
        Path, typer.Option(help="Folder with one folder an item, films with NAME.truth.json or cuts.json.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """Shot boundaries by our three detectors and by PySceneDetect: precision, recall, F1, speed.

    Also on films made from takes of those in the folder, with cuts, dissolves and fades at known places, and with
    streams that start at different times.

    Examples:

        clipstream bench shots --data folder --json -o shots.json
    """
    from ops.bench.shots import run

    if not data.is_dir():
        raise InvalidMessage(f"There is no folder {data}.")
    settings = load_settings()
    models = ModelStore(settings.models_dir, settings.cache_dir, not settings.offline)
    with Progress(
        TextColumn("films"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task("films", total=None)
        found = run(data.absolute(), models, lambda done, total: bar.update(task, completed=done, total=total))
    give(found, as_json, output, _print)


def _print(found: dict[str, Any]) -> None:
    from ops.bench.shots import WAYS

    machine = found["machine"]
    console.print(f"{machine['cpu']}, {machine['cores']} cores, {machine['date']}; one thread")
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("film", no_wrap=True)
    for name in ("cut/dissolve/fade", *WAYS):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found["rows"]:
        table.add_row(row["item"], "/".join(str(count) for count in row["known"].values()), *_cells(row, WAYS))
    for name, pooled in found["pooled"].items():
        table.add_row(f"{name}: {pooled['items']}", "", *_cells(pooled, WAYS), style="bold")
    out().print(table)
    print_text("F1 to the picture; in brackets within 2 pictures where that differs")
    for name, pooled in found["pooled"].items():
        for way in WAYS:
            one = pooled[way]["within_2"]
            worse = ", ".join(pooled[way]["worse_than_adaptive"]) or "none"
            print_text(
                f"{name}, {way}: precision {one['precision']:.1%}, recall {one['recall']:.1%}, F1 {one['f1']:.1%} "
                f"within 2 pictures; {pooled[way]['cpu_s_per_minute']:.1f} s of processor for a minute; worse than "
                f"adaptive on: {worse}"
            )


def _cells(row: dict[str, Any], ways: tuple[str, ...]) -> list[str]:
    exact, near = ([row[way][f"within_{tolerance}"]["f1"] for way in ways] for tolerance in (0, 2))
    return [f"{one:.3f}" + (f" ({two:.3f})" if two != one else "") for one, two in zip(exact, near, strict=True)]


__all__ = ["shots"]
