"""`bench`: honest comparisons, as commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.table import Table

from processors.errors import InvalidMessage
from streams.cli.console import console, out, print_json
from streams.cli.process import SAMPLE
from streams.settings import load_settings

commands: Final = typer.Typer(no_args_is_help=True, help="Compare with naive ways and with baselines, in one run.")
_MEDIA: Final = frozenset({".mp4", ".mkv", ".webm", ".mov"})


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="bench", rich_help_panel="Installation")


@commands.callback()
def group() -> None:
    """Compare with naive ways and with baselines, in one run."""


@commands.command()
def pipeline(
    video: Annotated[list[Path] | None, typer.Option(help="A video; may be given repeatedly.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder with one folder an item, NAME.truth.json beside media.")
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

    settings = load_settings(asr_model=model)
    videos = [*(video or []), *(_videos_in(data) if data else [])] or [SAMPLE]
    for path in videos:
        if not path.is_file():
            raise InvalidMessage(f"There is no file {path}.")
    pull_models(settings, {"balanced"})
    found = run([path.absolute() for path in videos], model, settings)
    if output is not None:
        output.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    if as_json:
        print_json(found)
    else:
        _print(found)


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
