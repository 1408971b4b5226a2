"""`bench vision`: what a vision service would be asked, and what that costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from processors.errors import InvalidMessage
from streams.cli.bench_output import give
from streams.cli.console import console, out, print_text
from streams.cli.process import SAMPLE
from streams.reading import load_settings


def vision(
    video: Annotated[list[Path] | None, typer.Option(help="A video; may be given repeatedly.")] = None,
    model: Annotated[str | None, typer.Option(help="Whose way of counting and price; that of the settings.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """Requests, pictures and cost of describing videos, beside one picture a second; nothing leaves this machine.

    Without --video the bundled sample is used.

    Examples:

        clipstream bench vision --video talk.mp4 --model gpt-4o
    """
    from ops.bench.vision import run

    settings = load_settings(**({} if model is None else {"vision_openai_model": model}))
    videos = video or [SAMPLE]
    for path in videos:
        if not path.is_file():
            raise InvalidMessage(f"There is no file {path}.")
    give(run([path.absolute() for path in videos], settings), as_json, output, _print)


def _print(found: dict[str, Any]) -> None:
    machine, pooled = found["machine"], found["pooled"]
    console.print(f"{machine['cpu']}, {machine['cores']} cores, {machine['date']}, model {found['model']}")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("video", "seconds", "frames", "sent", "requests", "largest", "again", "USD", "USD, one a second"):
        table.add_column(name, justify="left" if name == "video" else "right")
    for row in [*found["rows"], {**pooled, "item": "all"}]:
        table.add_row(
            row["item"],
            f"{row['seconds']:,}",
            f"{row['frames']:,}",
            f"{row['pictures_sent']:,}",
            f"{row['requests']:,}",
            f"{row['largest_request']:,}",
            f"{row['requests_again']:,}",
            f"{row['usd']:.4f}",
            f"{row['usd_naive']:.4f}",
        )
    out().print(table)
    if found["price"] is None:
        print_text(f"The price of '{found['model']}' is not known, so it costs nothing here: CLIPSTREAM_VISION_PRICES.")
    for reason, frames in found["not_asked"].items():
        print_text(f"{frames:,} frames were not described by the service and cost nothing here: {reason}")
    print_text(
        f"{pooled['fewer_requests']:.1%} fewer requests, {pooled['fewer_pictures']:.1%} fewer pictures, "
        f"{pooled['saved']:.1%} less to pay: {pooled['saved_by_choosing']:.1%} by choosing pictures, of the rest "
        f"{pooled['saved_by_scaling']:.1%} by scaling them, of the rest {pooled['saved_by_batching']:.1%} by sending "
        "them together"
    )
    print_text(f"Requests saved by batching, against one a picture: {pooled['requests_saved_by_batching']:.1%}")
    print_text(
        f"Cost saved by batching: {pooled['saved_by_batching']:.1%}; at most {pooled['most_that_batching_saves']:.1%} "
        "can be, the part of the text that is the same in every request"
    )


__all__ = ["vision"]
