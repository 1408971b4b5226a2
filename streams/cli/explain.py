"""`explain`: why a segment is ranked as it is, and what is known of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from processors.segments.explain import chosen, explained
from processors.timeline import clock
from streams.cli.console import escape, out, print_json, styled
from streams.cli.reporting import result_json
from streams.reading import load_settings

_BAR: Final = 20  # characters of a bar of the largest product


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Videos and results")(explain)


def explain(
    video_id: Annotated[str, typer.Argument()],
    segment: Annotated[str, typer.Argument(help="Its rank, or its segment_id.", metavar="SEGMENT")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Why a segment has its score: the sum over the signals, confidence, platforms, suggestions, texts.

    Examples:

        clipstream explain 3f2a9c0d11e4b7a6 1

        clipstream explain 3f2a9c0d11e4b7a6 3f2a9c0d11e4b7a6-10480-28446 --json
    """
    result = asyncio.run(result_json(load_settings(), video_id))
    found = explained(result, chosen(result, segment))
    if as_json:
        print_json(found)
    else:
        print_explained(found, out())


def print_explained(found: Mapping[str, Any], target: Console) -> None:
    """An explanation for people."""
    span = f"{clock(found['start_ms'])}–{clock(found['end_ms'])}"
    length = (found["end_ms"] - found["start_ms"]) / 1000
    target.print(
        f"\n[bold]{escape(found['title'])}[/]  {styled(found['status'] or '')}\n"
        f"rank {found['rank']} of {found['of']}, {span} ({length:.1f} s)  [dim]{found['segment_id']}[/]\n"
    )
    target.print(_signals(found))
    same = "the score" if found["sum_is_score"] else f"[red]not the score, which is {found['score']:.4f}[/]"
    target.print(f"sum of percentile × weight: [bold]{found['sum']:.4f}[/], {same}\n")
    _line(target, "confidence", _confidence(found))
    if found["engagement"]:
        known = found["engagement"]
        _line(target, "engagement", f"{known['score']:.2f}, 90 % interval {known['low']:.2f} to {known['high']:.2f}")
    for name, fit in sorted(found["platforms"].items(), key=lambda each: (-each[1]["fit"], each[0])):
        _line(target, name, f"fits {fit['fit']:.0%}" + "".join(f"\n{escape(text)}" for text in fit["violations"]))
    _line(target, "suggestions", "\n".join(map(escape, found["suggestions"])))
    _line(target, "description", escape(found["description"] or ""))
    _line(target, "hashtags", escape(" ".join(f"#{tag}" for tag in found["hashtags"] or [])))
    _line(target, "topics", escape(", ".join(found["topics"] or [])))
    _line(target, "speakers", escape(", ".join(found["speakers"] or [])))
    if found["insight"]:
        _line(target, "insight", escape(found["insight"]["description"]))
    _line(target, "said", escape(found["text"] or ""))


def _signals(found: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("signal", no_wrap=True)
    for name in ("percentile", "weight", "product"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("measured", ratio=1)
    largest = max((each["product"] for each in found["signals"]), default=0.0) or 1.0
    for each in found["signals"]:
        table.add_row(
            escape(each["signal"]),
            f"{100 * each['percentile']:.1f}",
            f"{each['weight']:.4f}",
            f"{each['product']:.4f}",
            f"[cyan]{'▇' * round(_BAR * each['product'] / largest)}[/]",
            f"[dim]{escape(each['detail'])}[/]",
        )
    return table


def _confidence(found: Mapping[str, Any]) -> str:
    parts = ", ".join(f"{name} {value:.2f}" for name, value in sorted(found["modalities"].items()))
    return f"{found['confidence']:.2f}" + (f" ({parts})" if parts else "")


def _line(target: Console, name: str, text: str) -> None:
    """A name with its text beside it, where there is one."""
    if text:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(width=12, style="bold")
        grid.add_column(ratio=1)
        grid.add_row(name, text)
        target.print(grid)


__all__ = ["explain", "print_explained", "register"]
