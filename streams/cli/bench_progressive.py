"""`bench progressive`: how soon a long video has a first result, and whether its segments are there in the end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from processors.errors import InvalidMessage
from streams.cli.bench_output import FORM, check, give
from streams.cli.console import console, escape, out, print_text
from streams.reading import load_settings


def progressive(
    data: Annotated[
        Path | None,
        typer.Option(help=f"Folder as of `bench segments`, of which only the ranking is computed. {FORM}"),
    ] = None,
    video: Annotated[
        list[Path] | None, typer.Option(help="A video to send through all agents; may be given repeatedly.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Recogniser, instead of the choice by profile.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """First results: when they come, and how many have a segment that is among the ten best of the final result.

    A segment counts as the same with an IoU of 0.5 or more.

    Examples:

        clipstream bench progressive --data talks

        clipstream bench progressive --video long.mp4 --model tiny.en --json -o progressive.json
    """
    from ops.bench.progressive import run
    from streams.cli.embedded import pull_models

    check(output)
    if data is not None and not data.is_dir():
        raise InvalidMessage(f"There is no folder {data}.", "Name a folder that is there with --data.")
    videos = [path.absolute() for path in video or []]
    for path in videos:
        if not path.is_file():
            raise InvalidMessage(f"There is no file {path}.")
    settings = load_settings(asr_model=model) if model else load_settings()
    if videos:
        pull_models(settings, {"balanced"})
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        found = run(
            settings,
            data.absolute() if data is not None else None,
            videos,
            lambda name, done, total: bar.update(task, description=escape(name[:30]), completed=done, total=total),
        )
    give(found, as_json, output, _print)


def _print(found: dict[str, Any]) -> None:
    machine, pooled = found["machine"], found["pooled"]
    console.print(f"{machine['cpu']}, {machine['cores']} cores, {machine['date']}; segmenter {found['segmenter']}")
    if found["rows"]:
        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in ("result", "items", "of the video", "one stays", "possible", "its first stays", "share that stays"):
            table.add_column(name, justify="left" if name == "result" else "right")
        for number, row in enumerate(pooled["revisions"], start=1):
            stays = f"{row['stays']:.1%} {_interval(row['stays_interval'])}"
            table.add_row(
                str(number), str(row["items"]), f"{row['share_of_video']:.1%}", stays,
                f"{row['possible']:.1%}", f"{row['first_stays']:.1%}", f"{row['share_stays']:.1%}",
            )  # fmt: skip
        out().print(table)
        print_text(
            f"One stays: a segment of the early result has an IoU of {found['iou']} or more with one of the "
            f"{found['final_depth']} best of the final one.\nPossible: one of these begins in what was known."
        )
    for row in found["timed"]:
        print_text(
            f"{row['item']}: {row['duration_ms'] / 60_000:.1f} min, {row['status']} after {row['seconds']:.1f} s"
        )
        for number, one in enumerate(row["revisions"], start=1):
            print_text(
                f"  early result {number} after {one['seconds']:.1f} s ({one['share_of_run']:.1%} of the run), "
                f"{one['segments']} segments; one stays: {'yes' if one['stays'] else 'no'}, best IoU {one['best_iou']}"
            )


def _interval(bounds: list[float] | None) -> str:
    return "" if bounds is None else f"[{bounds[0]:.0%}, {bounds[1]:.0%}]"


__all__ = ["progressive"]
